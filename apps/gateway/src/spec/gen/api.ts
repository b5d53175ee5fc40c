// Written by openapi-typescript from the description of the API: `npm run generate`.
export interface paths {
    "/v1/users": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Registers a customer.
         * @description ALREADY_EXISTS/EMAIL_TAKEN.
         */
        post: operations["UserService_CreateUser"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/users/me": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The caller's own account. */
        get: operations["UserService_GetCurrentUser"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Logs in.
         * @description UNAUTHENTICATED/BAD_CREDENTIALS.
         */
        post: operations["UserService_CreateSession"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sessions:refresh": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Trades a refresh token for new tokens; each works once, and a second use ends the session.
         * @description UNAUTHENTICATED/BAD_REFRESH_TOKEN.
         */
        post: operations["UserService_RefreshSession"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sessions:revoke": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Ends the session of a refresh token; an unknown one is ended already. */
        post: operations["UserService_RevokeSession"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/.well-known/jwks.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The public keys that verify access tokens: a JWK Set (RFC 7517). */
        get: operations["UserService_GetJwks"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/products": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists products by SKU. */
        get: operations["InventoryService_ListProducts"];
        put?: never;
        /**
         * Adds a product with its first stock.
         * @description Operators only. ALREADY_EXISTS/PRODUCT_EXISTS.
         */
        post: operations["InventoryService_CreateProduct"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/products/{sku}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Reads one product.
         * @description NOT_FOUND/UNKNOWN_SKU.
         */
        get: operations["InventoryService_GetProduct"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/products/{sku}:restock": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Adds units to a product.
         * @description Operators only.
         */
        post: operations["InventoryService_RestockProduct"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/orders": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists orders, newest first: one's own, or all for operators. */
        get: operations["OrderService_ListOrders"];
        put?: never;
        /**
         * Places an order and sees it through: stock, payment, outcome.
         * @description One order a (user, idempotency key): asked again it answers the
         *     first outcome. Out of time, or with respond_async, it answers the order as it stands (PENDING) and goes on with it. FAILED_PRECONDITION with OUT_OF_STOCK, PRICE_CHANGED, PAYMENT_DECLINED, IDEMPOTENCY_KEY_REUSED; NOT_FOUND/UNKNOWN_SKU.
         */
        post: operations["OrderService_CreateOrder"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/orders/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reads an order: one's own, or any for operators. */
        get: operations["OrderService_GetOrder"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/orders/{id}:cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Cancels an order that has not been shipped; what was paid is given back.
         * @description Answers the order once that is done, or UNWINDING when out of time.
         */
        post: operations["OrderService_CancelOrder"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/orders/{id}:ship": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Marks a paid order as shipped.
         * @description Operators only.
         */
        post: operations["OrderService_ShipOrder"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/orders/{id}:refund": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Gives a paid order's money and stock back.
         * @description Operators only.
         */
        post: operations["OrderService_RefundOrder"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/orders/{id}:watch": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The order as it is, then again whenever it changes, until nothing more will happen to it. */
        get: operations["OrderService_WatchOrder"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/stream-tickets": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Makes a ticket with which an EventSource, which sends no header, can open one stream. */
        post: operations["Tickets_CreateTicket"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        "stampede.user.v1.User": {
            /**
             * @description UUID.
             * @example 01980f3e-1a2b-7c3d-8e4f-5a6b7c8d9e0f
             */
            id: string;
            /** @example ann@example.org */
            email: string;
            /** @example Ann */
            displayName: string;
            /**
             * @description "customer", "operator".
             * @example [
             *       "customer"
             *     ]
             */
            roles: string[];
            /** Format: date-time */
            createTime?: string;
        };
        "stampede.user.v1.CreateUserRequest": {
            /**
             * @description Up to 254 characters; case does not tell addresses apart.
             * @example ann@example.org
             */
            email?: string;
            /**
             * @description 8 to 128 characters.
             * @example correct horse battery staple
             */
            password?: string;
            /**
             * @description 1 to 100 characters.
             * @example Ann
             */
            displayName?: string;
        };
        "stampede.user.v1.CreateSessionResponse": {
            /**
             * @description A JWT (EdDSA), sent as `Authorization: Bearer`.
             * @example eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiIuLi4ifQ.c2lnbmF0dXJl
             */
            accessToken: string;
            /** @example tGzv3JOkF0XG5Qx2TlKWIA8N8zP1c6s0qkM4yV7bR2e */
            refreshToken: string;
            /**
             * Format: int32
             * @description Seconds for which the access token is good.
             * @example 900
             */
            expiresIn: number;
        };
        "stampede.user.v1.CreateSessionRequest": {
            /** @example ann@example.org */
            email?: string;
            /** @example correct horse battery staple */
            password?: string;
        };
        "stampede.user.v1.RefreshSessionResponse": {
            /** @example eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiIuLi4ifQ.c2lnbmF0dXJl */
            accessToken: string;
            /** @example tGzv3JOkF0XG5Qx2TlKWIA8N8zP1c6s0qkM4yV7bR2e */
            refreshToken: string;
            /**
             * Format: int32
             * @example 900
             */
            expiresIn: number;
        };
        "stampede.user.v1.RefreshSessionRequest": {
            /** @example tGzv3JOkF0XG5Qx2TlKWIA8N8zP1c6s0qkM4yV7bR2e */
            refreshToken?: string;
        };
        "stampede.user.v1.RevokeSessionResponse": Record<string, never>;
        "stampede.user.v1.RevokeSessionRequest": {
            /** @example tGzv3JOkF0XG5Qx2TlKWIA8N8zP1c6s0qkM4yV7bR2e */
            refreshToken?: string;
        };
        "stampede.user.v1.GetJwksResponse": {
            keys: components["schemas"]["stampede.user.v1.Jwk"][];
            /**
             * Format: date-time
             * @description The time by which tokens are issued (the database's): whoever verifies them need not trust its own clock. No member of a JWK Set, which
             *     must be ignored by those who do not know it (RFC 7517, 5).
             */
            time?: string;
        };
        /** @description A public Ed25519 key as RFC 8037 writes it. */
        "stampede.user.v1.Jwk": {
            /** @example OKP */
            kty: string;
            /** @example Ed25519 */
            crv: string;
            /** @example 11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo */
            x: string;
            /** @example kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k */
            kid: string;
            /** @example EdDSA */
            alg: string;
            /** @example sig */
            use: string;
        };
        "stampede.inventory.v1.ListProductsResponse": {
            products: components["schemas"]["stampede.inventory.v1.Product"][];
            /**
             * @description Empty on the last page.
             * @example MDE5ODBmM2U
             */
            nextPageToken: string;
        };
        "stampede.inventory.v1.Product": {
            /**
             * @description 1 to 64 of A-Z, a-z, 0-9, '.', '_' and '-', beginning with a letter or digit.
             * @example TSHIRT-M
             */
            sku: string;
            /**
             * @description 1 to 200 characters.
             * @example T-shirt, medium
             */
            title: string;
            unitPrice?: components["schemas"]["stampede.money.v1.Money"];
            /**
             * Format: int32
             * @description Units that can be bought now.
             * @example 250
             */
            available: number;
        };
        /** @description An amount of money: an integer of the currency's minor unit, never a fraction. */
        "stampede.money.v1.Money": {
            /**
             * @description ISO 4217, three capital letters.
             * @example EUR
             */
            currency: string;
            /**
             * Format: int64
             * @description In the minor unit (cents); at least 0 wherever a price or a total is meant.
             * @example 1999
             */
            amountMinor: string;
        };
        "stampede.inventory.v1.CreateProductRequest": {
            /** @example TSHIRT-M */
            sku?: string;
            /** @example T-shirt, medium */
            title?: string;
            unitPrice?: components["schemas"]["stampede.money.v1.MoneyInput"];
            /**
             * Format: int32
             * @description The first stock, 0 to 1,000,000,000.
             * @example 250
             */
            available?: number;
        };
        /** @description An amount of money: an integer of the currency's minor unit, never a fraction. */
        "stampede.money.v1.MoneyInput": {
            /**
             * @description ISO 4217, three capital letters.
             * @example EUR
             */
            currency?: string;
            /**
             * Format: int64
             * @description In the minor unit (cents); at least 0 wherever a price or a total is meant.
             * @example 1999
             */
            amountMinor?: string;
        };
        "stampede.order.v1.Order": {
            /**
             * @description UUIDv7.
             * @example 01980f3e-7b1c-7c3a-9d5e-2f6a8b4c1d0e
             */
            id: string;
            /**
             * @description UUID.
             * @example 01980f3e-1a2b-7c3d-8e4f-5a6b7c8d9e0f
             */
            userId: string;
            /** @example PAID */
            status: components["schemas"]["stampede.order.v1.Order.Status"];
            /**
             * @description Why it is not PAID or SHIPPED: the name of an OrderErrorReason; empty otherwise.
             * @example
             */
            reason: string;
            items: components["schemas"]["stampede.order.v1.OrderItem"][];
            total?: components["schemas"]["stampede.money.v1.Money"];
            /**
             * Format: int32
             * @description Counts the changes, from 1.
             * @example 2
             */
            version: number;
            /** Format: date-time */
            createTime?: string;
            /** Format: date-time */
            updateTime?: string;
        };
        /**
         * @description - `PENDING`: Being placed.
         *     - `UNWINDING`: Being undone; `reason` says why and so what it will end as.
         *     - `REJECTED`: Out of stock, or a price changed.
         * @enum {string}
         */
        "stampede.order.v1.Order.Status": "STATUS_UNSPECIFIED" | "PENDING" | "PAID" | "SHIPPED" | "UNWINDING" | "REJECTED" | "PAYMENT_FAILED" | "CANCELLED" | "EXPIRED" | "REFUNDED";
        "stampede.order.v1.OrderItem": {
            /** @example TSHIRT-M */
            sku: string;
            /** @example T-shirt, medium */
            title: string;
            /** Format: int32 */
            quantity: number;
            unitPrice?: components["schemas"]["stampede.money.v1.Money"];
        };
        "stampede.order.v1.CreateOrderItem": {
            /** @example TSHIRT-M */
            sku?: string;
            /**
             * Format: int32
             * @description 1 to 10,000.
             */
            quantity?: number;
        };
        "stampede.order.v1.ListOrdersResponse": {
            orders: components["schemas"]["stampede.order.v1.Order"][];
            /**
             * @description Empty on the last page.
             * @example MDE5ODBmM2U
             */
            nextPageToken: string;
        };
        /** @description What went wrong (RFC 9457). */
        Problem: {
            /** Format: uri-reference */
            type: string;
            title: string;
            status: number;
            /** @description For people. */
            detail: string;
            /** @description The path that was asked for. */
            instance: string;
            /** @enum {string} */
            code: "CANCELLED" | "UNKNOWN" | "INVALID_ARGUMENT" | "DEADLINE_EXCEEDED" | "NOT_FOUND" | "ALREADY_EXISTS" | "PERMISSION_DENIED" | "RESOURCE_EXHAUSTED" | "FAILED_PRECONDITION" | "ABORTED" | "OUT_OF_RANGE" | "UNIMPLEMENTED" | "INTERNAL" | "UNAVAILABLE" | "DATA_LOSS" | "UNAUTHENTICATED";
            /**
             * @description For programs.
             * @example BAD_CREDENTIALS
             * @example BAD_REFRESH_TOKEN
             * @example EMAIL_TAKEN
             * @example IDEMPOTENCY_KEY_REUSED
             * @example ILLEGAL_TRANSITION
             * @example MIXED_CURRENCIES
             * @example ORDER_CANCELLED
             * @example ORDER_EXPIRED
             * @example ORDER_NOT_FOUND
             * @example ORDER_REFUNDED
             * @example OUT_OF_STOCK
             * @example PAYMENT_DECLINED
             * @example PAYMENT_MISMATCH
             * @example PAYMENT_NOT_CHARGED
             * @example PAYMENT_OUTCOME_UNKNOWN
             * @example PAYMENT_VOIDED
             * @example PRICE_CHANGED
             * @example PRODUCT_EXISTS
             * @example RESERVATION_MISMATCH
             * @example RESERVATION_NOT_HELD
             * @example RESERVATION_RELEASED
             * @example RESTOCK_MISMATCH
             * @example STOCK_LIMIT_EXCEEDED
             * @example TOO_MANY_LOGINS
             * @example UNKNOWN_SKU
             * @example USER_NOT_FOUND
             */
            reason: string;
            requestId: string;
            metadata?: {
                [key: string]: string;
            };
            /** @description The fields at fault. */
            violations: {
                field: string;
                description: string;
            }[];
        };
    };
    responses: {
        /** @description A problem (RFC 9457) that is not listed. */
        Problem: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /**
         * @description Bad Request.
         *     - `INVALID_ARGUMENT`: Something in the request breaks the contract: `violations` names every field at fault.
         *     - `MALFORMED_JSON`: The body is not JSON in UTF-8.
         */
        "400.INVALID_ARGUMENT.MALFORMED_JSON": {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /**
         * @description Conflict.
         *     - `EMAIL_TAKEN`: An account with this e-mail address exists.
         */
        "409.EMAIL_TAKEN": {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /**
         * @description Payload Too Large.
         *     - `BODY_TOO_LARGE`: The body is too large.
         */
        "413.BODY_TOO_LARGE": {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /**
         * @description Unsupported Media Type.
         *     - `UNSUPPORTED_CONTENT_ENCODING`: The body is packed.
         *     - `UNSUPPORTED_MEDIA_TYPE`: The body is of another media type.
         */
        "415.UNSUPPORTED_CONTENT_ENCODING.UNSUPPORTED_MEDIA_TYPE": {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /**
         * @description Too Many Requests.
         *     - `TOO_MANY_LOGINS`: Too many passwords are being checked right now.
         *     - `TOO_MANY_PIPELINED`: Too many requests at once on one connection.
         */
        "429.TOO_MANY_LOGINS.TOO_MANY_PIPELINED": {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /**
         * @description Internal Server Error.
         *     - `INTERNAL`: Something failed that was not foreseen.
         */
        "500.INTERNAL": {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /**
         * @description Service Unavailable.
         *     - `OVERLOADED`: Too many requests at once: try again after `Retry-After`.
         *     - `UNAVAILABLE`: No instance of the service can be reached: try again.
         */
        "503.OVERLOADED.UNAVAILABLE": {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /**
         * @description Gateway Timeout.
         *     - `DEADLINE_EXCEEDED`: The service did not answer in time; whether it acted is not known.
         */
        "504.DEADLINE_EXCEEDED": {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /**
         * @description Bad Request.
         *     - `INVALID_ARGUMENT`: Something in the request breaks the contract: `violations` names every field at fault.
         */
        "400.INVALID_ARGUMENT": {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /**
         * @description Unauthorized.
         *     - `INVALID_TOKEN`: The access token is not valid.
         *     - `TOKEN_EXPIRED`: The access token has expired: refresh the session.
         *     - `TOKEN_MISSING`: There is no access token.
         *     - `UNKNOWN_KEY`: The access token is signed with a key that is not ours.
         */
        "401.INVALID_TOKEN.TOKEN_EXPIRED.TOKEN_MISSING.UNKNOWN_KEY": {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /**
         * @description Not Found.
         *     - `USER_NOT_FOUND`: The account of a valid token is gone.
         */
        "404.USER_NOT_FOUND": {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /**
         * @description Too Many Requests.
         *     - `TOO_MANY_PIPELINED`: Too many requests at once on one connection.
         */
        "429.TOO_MANY_PIPELINED": {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /**
         * @description Unauthorized.
         *     - `BAD_CREDENTIALS`: No account has this e-mail address and password; which of the two is wrong is not told.
         */
        "401.BAD_CREDENTIALS": {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /**
         * @description Unauthorized.
         *     - `BAD_REFRESH_TOKEN`: The refresh token is unknown, expired, revoked or was used before.
         */
        "401.BAD_REFRESH_TOKEN": {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /**
         * @description Not Found.
         *     - `UNKNOWN_SKU`: No product has this SKU. Metadata: sku.
         */
        "404.UNKNOWN_SKU": {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /**
         * @description Forbidden.
         *     - `PERMISSION_DENIED`: Only operators may do this.
         */
        "403.PERMISSION_DENIED": {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /**
         * @description Conflict.
         *     - `PRODUCT_EXISTS`: A product has this SKU already. Metadata: sku.
         */
        "409.PRODUCT_EXISTS": {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /**
         * @description Conflict.
         *     - `STOCK_LIMIT_EXCEEDED`: The stock would exceed what a count can hold.
         */
        "409.STOCK_LIMIT_EXCEEDED": {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /**
         * @description Unprocessable Entity.
         *     - `RESTOCK_MISMATCH`: The restock's request id was used with another SKU or quantity.
         */
        "422.RESTOCK_MISMATCH": {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /**
         * @description Payment Required.
         *     - `PAYMENT_DECLINED`: The provider refused the charge. Metadata: decline_code.
         */
        "402.PAYMENT_DECLINED": {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /**
         * @description Conflict.
         *     - `ORDER_CANCELLED`: The order was cancelled before it was paid. Metadata: order_id.
         *     - `ORDER_EXPIRED`: The order was given up: it could not be paid in time. Metadata: order_id.
         *     - `OUT_OF_STOCK`: Fewer units are left than asked for. Metadata: order_id, sku, available.
         *     - `PRICE_CHANGED`: A price changed while the order was placed: look again and order anew. Metadata: order_id, sku.
         */
        "409.ORDER_CANCELLED.ORDER_EXPIRED.OUT_OF_STOCK.PRICE_CHANGED": {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /**
         * @description Unprocessable Entity.
         *     - `IDEMPOTENCY_KEY_REUSED`: The idempotency key was used for another request.
         *     - `MIXED_CURRENCIES`: Prices of one order are in several currencies.
         */
        "422.IDEMPOTENCY_KEY_REUSED.MIXED_CURRENCIES": {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /**
         * @description Not Found.
         *     - `ORDER_NOT_FOUND`: No such order, or somebody else's. Metadata: order_id.
         */
        "404.ORDER_NOT_FOUND": {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /**
         * @description Conflict.
         *     - `ILLEGAL_TRANSITION`: The order's status does not allow this. Metadata: order_id, status.
         */
        "409.ILLEGAL_TRANSITION": {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /**
         * @description Unauthorized.
         *     - `INVALID_TICKET`: The ticket is not one for this stream.
         *     - `INVALID_TOKEN`: The access token is not valid.
         *     - `TICKET_EXPIRED`: The ticket has expired: get another.
         *     - `TOKEN_EXPIRED`: The access token has expired: refresh the session.
         *     - `TOKEN_MISSING`: There is no access token.
         *     - `UNKNOWN_KEY`: The access token is signed with a key that is not ours.
         */
        "401.INVALID_TICKET.INVALID_TOKEN.TICKET_EXPIRED.TOKEN_EXPIRED.TOKEN_MISSING.UNKNOWN_KEY": {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
    };
    parameters: never;
    requestBodies: never;
    headers: {
        /** @description The request's id: the client's own `x-request-id` if it sent a sane one. */
        RequestId: string;
        /** @description Names these bytes: send it as `If-None-Match`. */
        ETag: string;
    };
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    UserService_CreateUser: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "email": "ann@example.org",
                 *       "password": "correct horse battery staple",
                 *       "displayName": "Ann"
                 *     }
                 */
                "application/json": components["schemas"]["stampede.user.v1.CreateUserRequest"];
            };
        };
        responses: {
            /** @description The new account. */
            201: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "01980f3e-1a2b-7c3d-8e4f-5a6b7c8d9e0f",
                     *       "email": "ann@example.org",
                     *       "displayName": "Ann",
                     *       "roles": [
                     *         "customer"
                     *       ],
                     *       "createTime": "2026-01-02T03:04:05Z"
                     *     }
                     */
                    "application/json": components["schemas"]["stampede.user.v1.User"];
                };
            };
            400: components["responses"]["400.INVALID_ARGUMENT.MALFORMED_JSON"];
            409: components["responses"]["409.EMAIL_TAKEN"];
            413: components["responses"]["413.BODY_TOO_LARGE"];
            415: components["responses"]["415.UNSUPPORTED_CONTENT_ENCODING.UNSUPPORTED_MEDIA_TYPE"];
            429: components["responses"]["429.TOO_MANY_LOGINS.TOO_MANY_PIPELINED"];
            500: components["responses"]["500.INTERNAL"];
            503: components["responses"]["503.OVERLOADED.UNAVAILABLE"];
            504: components["responses"]["504.DEADLINE_EXCEEDED"];
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    UserService_GetCurrentUser: {
        parameters: {
            query?: never;
            header?: {
                /** @description The `ETag` of what the client has: 304 where it is still that. */
                "If-None-Match"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    etag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "01980f3e-1a2b-7c3d-8e4f-5a6b7c8d9e0f",
                     *       "email": "ann@example.org",
                     *       "displayName": "Ann",
                     *       "roles": [
                     *         "customer"
                     *       ],
                     *       "createTime": "2026-01-02T03:04:05Z"
                     *     }
                     */
                    "application/json": components["schemas"]["stampede.user.v1.User"];
                };
            };
            /** @description It is still what `If-None-Match` names. */
            304: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    etag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["400.INVALID_ARGUMENT"];
            401: components["responses"]["401.INVALID_TOKEN.TOKEN_EXPIRED.TOKEN_MISSING.UNKNOWN_KEY"];
            404: components["responses"]["404.USER_NOT_FOUND"];
            429: components["responses"]["429.TOO_MANY_PIPELINED"];
            500: components["responses"]["500.INTERNAL"];
            503: components["responses"]["503.OVERLOADED.UNAVAILABLE"];
            504: components["responses"]["504.DEADLINE_EXCEEDED"];
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    UserService_CreateSession: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "email": "ann@example.org",
                 *       "password": "correct horse battery staple"
                 *     }
                 */
                "application/json": components["schemas"]["stampede.user.v1.CreateSessionRequest"];
            };
        };
        responses: {
            /** @description The new session. */
            201: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "accessToken": "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiIuLi4ifQ.c2lnbmF0dXJl",
                     *       "refreshToken": "tGzv3JOkF0XG5Qx2TlKWIA8N8zP1c6s0qkM4yV7bR2e",
                     *       "expiresIn": 900
                     *     }
                     */
                    "application/json": components["schemas"]["stampede.user.v1.CreateSessionResponse"];
                };
            };
            400: components["responses"]["400.INVALID_ARGUMENT.MALFORMED_JSON"];
            401: components["responses"]["401.BAD_CREDENTIALS"];
            413: components["responses"]["413.BODY_TOO_LARGE"];
            415: components["responses"]["415.UNSUPPORTED_CONTENT_ENCODING.UNSUPPORTED_MEDIA_TYPE"];
            429: components["responses"]["429.TOO_MANY_LOGINS.TOO_MANY_PIPELINED"];
            500: components["responses"]["500.INTERNAL"];
            503: components["responses"]["503.OVERLOADED.UNAVAILABLE"];
            504: components["responses"]["504.DEADLINE_EXCEEDED"];
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    UserService_RefreshSession: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "refreshToken": "tGzv3JOkF0XG5Qx2TlKWIA8N8zP1c6s0qkM4yV7bR2e"
                 *     }
                 */
                "application/json": components["schemas"]["stampede.user.v1.RefreshSessionRequest"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "accessToken": "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiIuLi4ifQ.c2lnbmF0dXJl",
                     *       "refreshToken": "tGzv3JOkF0XG5Qx2TlKWIA8N8zP1c6s0qkM4yV7bR2e",
                     *       "expiresIn": 900
                     *     }
                     */
                    "application/json": components["schemas"]["stampede.user.v1.RefreshSessionResponse"];
                };
            };
            400: components["responses"]["400.INVALID_ARGUMENT.MALFORMED_JSON"];
            401: components["responses"]["401.BAD_REFRESH_TOKEN"];
            413: components["responses"]["413.BODY_TOO_LARGE"];
            415: components["responses"]["415.UNSUPPORTED_CONTENT_ENCODING.UNSUPPORTED_MEDIA_TYPE"];
            429: components["responses"]["429.TOO_MANY_PIPELINED"];
            500: components["responses"]["500.INTERNAL"];
            503: components["responses"]["503.OVERLOADED.UNAVAILABLE"];
            504: components["responses"]["504.DEADLINE_EXCEEDED"];
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    UserService_RevokeSession: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "refreshToken": "tGzv3JOkF0XG5Qx2TlKWIA8N8zP1c6s0qkM4yV7bR2e"
                 *     }
                 */
                "application/json": components["schemas"]["stampede.user.v1.RevokeSessionRequest"];
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /** @example {} */
                    "application/json": components["schemas"]["stampede.user.v1.RevokeSessionResponse"];
                };
            };
            400: components["responses"]["400.INVALID_ARGUMENT.MALFORMED_JSON"];
            413: components["responses"]["413.BODY_TOO_LARGE"];
            415: components["responses"]["415.UNSUPPORTED_CONTENT_ENCODING.UNSUPPORTED_MEDIA_TYPE"];
            429: components["responses"]["429.TOO_MANY_PIPELINED"];
            500: components["responses"]["500.INTERNAL"];
            503: components["responses"]["503.OVERLOADED.UNAVAILABLE"];
            504: components["responses"]["504.DEADLINE_EXCEEDED"];
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    UserService_GetJwks: {
        parameters: {
            query?: never;
            header?: {
                /** @description The `ETag` of what the client has: 304 where it is still that. */
                "If-None-Match"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    etag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "keys": [
                     *         {
                     *           "kty": "OKP",
                     *           "crv": "Ed25519",
                     *           "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
                     *           "kid": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
                     *           "alg": "EdDSA",
                     *           "use": "sig"
                     *         }
                     *       ],
                     *       "time": "2026-01-02T03:04:05Z"
                     *     }
                     */
                    "application/json": components["schemas"]["stampede.user.v1.GetJwksResponse"];
                };
            };
            /** @description It is still what `If-None-Match` names. */
            304: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    etag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["400.INVALID_ARGUMENT"];
            429: components["responses"]["429.TOO_MANY_PIPELINED"];
            500: components["responses"]["500.INTERNAL"];
            503: components["responses"]["503.OVERLOADED.UNAVAILABLE"];
            504: components["responses"]["504.DEADLINE_EXCEEDED"];
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    InventoryService_ListProducts: {
        parameters: {
            query?: {
                /**
                 * @description 1 to 200; 50 if absent.
                 * @example 50
                 */
                pageSize?: number;
                /**
                 * @description next_page_token of the page before.
                 * @example MDE5ODBmM2U
                 */
                pageToken?: string;
            };
            header?: {
                /** @description The `ETag` of what the client has: 304 where it is still that. */
                "If-None-Match"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    etag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "products": [
                     *         {
                     *           "sku": "TSHIRT-M",
                     *           "title": "T-shirt, medium",
                     *           "unitPrice": {
                     *             "currency": "EUR",
                     *             "amountMinor": "1999"
                     *           },
                     *           "available": 250
                     *         }
                     *       ],
                     *       "nextPageToken": "MDE5ODBmM2U"
                     *     }
                     */
                    "application/json": components["schemas"]["stampede.inventory.v1.ListProductsResponse"];
                };
            };
            /** @description It is still what `If-None-Match` names. */
            304: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    etag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["400.INVALID_ARGUMENT"];
            429: components["responses"]["429.TOO_MANY_PIPELINED"];
            500: components["responses"]["500.INTERNAL"];
            503: components["responses"]["503.OVERLOADED.UNAVAILABLE"];
            504: components["responses"]["504.DEADLINE_EXCEEDED"];
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    InventoryService_CreateProduct: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "sku": "TSHIRT-M",
                 *       "title": "T-shirt, medium",
                 *       "unitPrice": {
                 *         "currency": "EUR",
                 *         "amountMinor": "1999"
                 *       },
                 *       "available": 250
                 *     }
                 */
                "application/json": components["schemas"]["stampede.inventory.v1.CreateProductRequest"];
            };
        };
        responses: {
            /** @description The new product. */
            201: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "sku": "TSHIRT-M",
                     *       "title": "T-shirt, medium",
                     *       "unitPrice": {
                     *         "currency": "EUR",
                     *         "amountMinor": "1999"
                     *       },
                     *       "available": 250
                     *     }
                     */
                    "application/json": components["schemas"]["stampede.inventory.v1.Product"];
                };
            };
            400: components["responses"]["400.INVALID_ARGUMENT.MALFORMED_JSON"];
            401: components["responses"]["401.INVALID_TOKEN.TOKEN_EXPIRED.TOKEN_MISSING.UNKNOWN_KEY"];
            403: components["responses"]["403.PERMISSION_DENIED"];
            409: components["responses"]["409.PRODUCT_EXISTS"];
            413: components["responses"]["413.BODY_TOO_LARGE"];
            415: components["responses"]["415.UNSUPPORTED_CONTENT_ENCODING.UNSUPPORTED_MEDIA_TYPE"];
            429: components["responses"]["429.TOO_MANY_PIPELINED"];
            500: components["responses"]["500.INTERNAL"];
            503: components["responses"]["503.OVERLOADED.UNAVAILABLE"];
            504: components["responses"]["504.DEADLINE_EXCEEDED"];
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    InventoryService_GetProduct: {
        parameters: {
            query?: never;
            header?: {
                /** @description The `ETag` of what the client has: 304 where it is still that. */
                "If-None-Match"?: string;
            };
            path: {
                /** @example TSHIRT-M */
                sku: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    etag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "sku": "TSHIRT-M",
                     *       "title": "T-shirt, medium",
                     *       "unitPrice": {
                     *         "currency": "EUR",
                     *         "amountMinor": "1999"
                     *       },
                     *       "available": 250
                     *     }
                     */
                    "application/json": components["schemas"]["stampede.inventory.v1.Product"];
                };
            };
            /** @description It is still what `If-None-Match` names. */
            304: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    etag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["400.INVALID_ARGUMENT"];
            404: components["responses"]["404.UNKNOWN_SKU"];
            429: components["responses"]["429.TOO_MANY_PIPELINED"];
            500: components["responses"]["500.INTERNAL"];
            503: components["responses"]["503.OVERLOADED.UNAVAILABLE"];
            504: components["responses"]["504.DEADLINE_EXCEEDED"];
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    InventoryService_RestockProduct: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example TSHIRT-M */
                sku: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "quantity": 100,
                 *       "requestId": "delivery-4711"
                 *     }
                 */
                "application/json": {
                    /**
                     * Format: int32
                     * @description 1 to 1,000,000,000.
                     * @example 100
                     */
                    quantity?: number;
                    /**
                     * @description Makes a repeated request count once; up to 255 printable ASCII characters. A random one if absent.
                     * @example delivery-4711
                     */
                    requestId?: string;
                };
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "sku": "TSHIRT-M",
                     *       "title": "T-shirt, medium",
                     *       "unitPrice": {
                     *         "currency": "EUR",
                     *         "amountMinor": "1999"
                     *       },
                     *       "available": 250
                     *     }
                     */
                    "application/json": components["schemas"]["stampede.inventory.v1.Product"];
                };
            };
            400: components["responses"]["400.INVALID_ARGUMENT.MALFORMED_JSON"];
            401: components["responses"]["401.INVALID_TOKEN.TOKEN_EXPIRED.TOKEN_MISSING.UNKNOWN_KEY"];
            403: components["responses"]["403.PERMISSION_DENIED"];
            404: components["responses"]["404.UNKNOWN_SKU"];
            409: components["responses"]["409.STOCK_LIMIT_EXCEEDED"];
            413: components["responses"]["413.BODY_TOO_LARGE"];
            415: components["responses"]["415.UNSUPPORTED_CONTENT_ENCODING.UNSUPPORTED_MEDIA_TYPE"];
            422: components["responses"]["422.RESTOCK_MISMATCH"];
            429: components["responses"]["429.TOO_MANY_PIPELINED"];
            500: components["responses"]["500.INTERNAL"];
            503: components["responses"]["503.OVERLOADED.UNAVAILABLE"];
            504: components["responses"]["504.DEADLINE_EXCEEDED"];
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    OrderService_ListOrders: {
        parameters: {
            query?: {
                /**
                 * @description 1 to 200; 50 if absent.
                 * @example 50
                 */
                pageSize?: number;
                /**
                 * @description next_page_token of the page before.
                 * @example MDE5ODBmM2U
                 */
                pageToken?: string;
            };
            header?: {
                /** @description The `ETag` of what the client has: 304 where it is still that. */
                "If-None-Match"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    etag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "orders": [
                     *         {
                     *           "id": "01980f3e-7b1c-7c3a-9d5e-2f6a8b4c1d0e",
                     *           "userId": "01980f3e-1a2b-7c3d-8e4f-5a6b7c8d9e0f",
                     *           "status": "PAID",
                     *           "reason": "",
                     *           "items": [
                     *             {
                     *               "sku": "TSHIRT-M",
                     *               "title": "T-shirt, medium",
                     *               "quantity": 1,
                     *               "unitPrice": {
                     *                 "currency": "EUR",
                     *                 "amountMinor": "1999"
                     *               }
                     *             }
                     *           ],
                     *           "total": {
                     *             "currency": "EUR",
                     *             "amountMinor": "1999"
                     *           },
                     *           "version": 2,
                     *           "createTime": "2026-01-02T03:04:05Z",
                     *           "updateTime": "2026-01-02T03:04:05Z"
                     *         }
                     *       ],
                     *       "nextPageToken": "MDE5ODBmM2U"
                     *     }
                     */
                    "application/json": components["schemas"]["stampede.order.v1.ListOrdersResponse"];
                };
            };
            /** @description It is still what `If-None-Match` names. */
            304: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    etag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["400.INVALID_ARGUMENT"];
            401: components["responses"]["401.INVALID_TOKEN.TOKEN_EXPIRED.TOKEN_MISSING.UNKNOWN_KEY"];
            429: components["responses"]["429.TOO_MANY_PIPELINED"];
            500: components["responses"]["500.INTERNAL"];
            503: components["responses"]["503.OVERLOADED.UNAVAILABLE"];
            504: components["responses"]["504.DEADLINE_EXCEEDED"];
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    OrderService_CreateOrder: {
        parameters: {
            query?: never;
            header: {
                /** @description Makes a repeated request the same order: 1 to 255 printable ASCII characters, unique among your orders. */
                "Idempotency-Key": string;
                /** @description `respond-async` answers as soon as the order is safe; `wait=N` waits N seconds at most (RFC 7240). */
                Prefer?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "items": [
                 *         {
                 *           "sku": "TSHIRT-M",
                 *           "quantity": 1
                 *         }
                 *       ],
                 *       "paymentToken": "tok_visa_4242"
                 *     }
                 */
                "application/json": {
                    /** @description 1 to 100; items of the same SKU stay apart and add up. */
                    items?: components["schemas"]["stampede.order.v1.CreateOrderItem"][];
                    /**
                     * @description What the payment provider's form gave; 1 to 255 characters.
                     * @example tok_visa_4242
                     */
                    paymentToken?: string;
                };
            };
        };
        responses: {
            /** @description The order has been placed; its status says how it ended. */
            201: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "01980f3e-7b1c-7c3a-9d5e-2f6a8b4c1d0e",
                     *       "userId": "01980f3e-1a2b-7c3d-8e4f-5a6b7c8d9e0f",
                     *       "status": "PAID",
                     *       "reason": "",
                     *       "items": [
                     *         {
                     *           "sku": "TSHIRT-M",
                     *           "title": "T-shirt, medium",
                     *           "quantity": 1,
                     *           "unitPrice": {
                     *             "currency": "EUR",
                     *             "amountMinor": "1999"
                     *           }
                     *         }
                     *       ],
                     *       "total": {
                     *         "currency": "EUR",
                     *         "amountMinor": "1999"
                     *       },
                     *       "version": 2,
                     *       "createTime": "2026-01-02T03:04:05Z",
                     *       "updateTime": "2026-01-02T03:04:05Z"
                     *     }
                     */
                    "application/json": components["schemas"]["stampede.order.v1.Order"];
                };
            };
            /** @description The order is safe and under way; its outcome will be found at `Location`. */
            202: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "01980f3e-7b1c-7c3a-9d5e-2f6a8b4c1d0e",
                     *       "userId": "01980f3e-1a2b-7c3d-8e4f-5a6b7c8d9e0f",
                     *       "status": "PAID",
                     *       "reason": "",
                     *       "items": [
                     *         {
                     *           "sku": "TSHIRT-M",
                     *           "title": "T-shirt, medium",
                     *           "quantity": 1,
                     *           "unitPrice": {
                     *             "currency": "EUR",
                     *             "amountMinor": "1999"
                     *           }
                     *         }
                     *       ],
                     *       "total": {
                     *         "currency": "EUR",
                     *         "amountMinor": "1999"
                     *       },
                     *       "version": 2,
                     *       "createTime": "2026-01-02T03:04:05Z",
                     *       "updateTime": "2026-01-02T03:04:05Z"
                     *     }
                     */
                    "application/json": components["schemas"]["stampede.order.v1.Order"];
                };
            };
            400: components["responses"]["400.INVALID_ARGUMENT.MALFORMED_JSON"];
            401: components["responses"]["401.INVALID_TOKEN.TOKEN_EXPIRED.TOKEN_MISSING.UNKNOWN_KEY"];
            402: components["responses"]["402.PAYMENT_DECLINED"];
            404: components["responses"]["404.UNKNOWN_SKU"];
            409: components["responses"]["409.ORDER_CANCELLED.ORDER_EXPIRED.OUT_OF_STOCK.PRICE_CHANGED"];
            413: components["responses"]["413.BODY_TOO_LARGE"];
            415: components["responses"]["415.UNSUPPORTED_CONTENT_ENCODING.UNSUPPORTED_MEDIA_TYPE"];
            422: components["responses"]["422.IDEMPOTENCY_KEY_REUSED.MIXED_CURRENCIES"];
            429: components["responses"]["429.TOO_MANY_PIPELINED"];
            500: components["responses"]["500.INTERNAL"];
            503: components["responses"]["503.OVERLOADED.UNAVAILABLE"];
            504: components["responses"]["504.DEADLINE_EXCEEDED"];
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    OrderService_GetOrder: {
        parameters: {
            query?: never;
            header?: {
                /** @description The `ETag` of what the client has: 304 where it is still that. */
                "If-None-Match"?: string;
            };
            path: {
                /** @example 01980f3e-7b1c-7c3a-9d5e-2f6a8b4c1d0e */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    etag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "01980f3e-7b1c-7c3a-9d5e-2f6a8b4c1d0e",
                     *       "userId": "01980f3e-1a2b-7c3d-8e4f-5a6b7c8d9e0f",
                     *       "status": "PAID",
                     *       "reason": "",
                     *       "items": [
                     *         {
                     *           "sku": "TSHIRT-M",
                     *           "title": "T-shirt, medium",
                     *           "quantity": 1,
                     *           "unitPrice": {
                     *             "currency": "EUR",
                     *             "amountMinor": "1999"
                     *           }
                     *         }
                     *       ],
                     *       "total": {
                     *         "currency": "EUR",
                     *         "amountMinor": "1999"
                     *       },
                     *       "version": 2,
                     *       "createTime": "2026-01-02T03:04:05Z",
                     *       "updateTime": "2026-01-02T03:04:05Z"
                     *     }
                     */
                    "application/json": components["schemas"]["stampede.order.v1.Order"];
                };
            };
            /** @description It is still what `If-None-Match` names. */
            304: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    etag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["400.INVALID_ARGUMENT"];
            401: components["responses"]["401.INVALID_TOKEN.TOKEN_EXPIRED.TOKEN_MISSING.UNKNOWN_KEY"];
            404: components["responses"]["404.ORDER_NOT_FOUND"];
            429: components["responses"]["429.TOO_MANY_PIPELINED"];
            500: components["responses"]["500.INTERNAL"];
            503: components["responses"]["503.OVERLOADED.UNAVAILABLE"];
            504: components["responses"]["504.DEADLINE_EXCEEDED"];
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    OrderService_CancelOrder: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example 01980f3e-7b1c-7c3a-9d5e-2f6a8b4c1d0e */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /** @example {} */
                "application/json": Record<string, never>;
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "01980f3e-7b1c-7c3a-9d5e-2f6a8b4c1d0e",
                     *       "userId": "01980f3e-1a2b-7c3d-8e4f-5a6b7c8d9e0f",
                     *       "status": "PAID",
                     *       "reason": "",
                     *       "items": [
                     *         {
                     *           "sku": "TSHIRT-M",
                     *           "title": "T-shirt, medium",
                     *           "quantity": 1,
                     *           "unitPrice": {
                     *             "currency": "EUR",
                     *             "amountMinor": "1999"
                     *           }
                     *         }
                     *       ],
                     *       "total": {
                     *         "currency": "EUR",
                     *         "amountMinor": "1999"
                     *       },
                     *       "version": 2,
                     *       "createTime": "2026-01-02T03:04:05Z",
                     *       "updateTime": "2026-01-02T03:04:05Z"
                     *     }
                     */
                    "application/json": components["schemas"]["stampede.order.v1.Order"];
                };
            };
            400: components["responses"]["400.INVALID_ARGUMENT.MALFORMED_JSON"];
            401: components["responses"]["401.INVALID_TOKEN.TOKEN_EXPIRED.TOKEN_MISSING.UNKNOWN_KEY"];
            404: components["responses"]["404.ORDER_NOT_FOUND"];
            409: components["responses"]["409.ILLEGAL_TRANSITION"];
            413: components["responses"]["413.BODY_TOO_LARGE"];
            415: components["responses"]["415.UNSUPPORTED_CONTENT_ENCODING.UNSUPPORTED_MEDIA_TYPE"];
            429: components["responses"]["429.TOO_MANY_PIPELINED"];
            500: components["responses"]["500.INTERNAL"];
            503: components["responses"]["503.OVERLOADED.UNAVAILABLE"];
            504: components["responses"]["504.DEADLINE_EXCEEDED"];
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    OrderService_ShipOrder: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example 01980f3e-7b1c-7c3a-9d5e-2f6a8b4c1d0e */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /** @example {} */
                "application/json": Record<string, never>;
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "01980f3e-7b1c-7c3a-9d5e-2f6a8b4c1d0e",
                     *       "userId": "01980f3e-1a2b-7c3d-8e4f-5a6b7c8d9e0f",
                     *       "status": "PAID",
                     *       "reason": "",
                     *       "items": [
                     *         {
                     *           "sku": "TSHIRT-M",
                     *           "title": "T-shirt, medium",
                     *           "quantity": 1,
                     *           "unitPrice": {
                     *             "currency": "EUR",
                     *             "amountMinor": "1999"
                     *           }
                     *         }
                     *       ],
                     *       "total": {
                     *         "currency": "EUR",
                     *         "amountMinor": "1999"
                     *       },
                     *       "version": 2,
                     *       "createTime": "2026-01-02T03:04:05Z",
                     *       "updateTime": "2026-01-02T03:04:05Z"
                     *     }
                     */
                    "application/json": components["schemas"]["stampede.order.v1.Order"];
                };
            };
            400: components["responses"]["400.INVALID_ARGUMENT.MALFORMED_JSON"];
            401: components["responses"]["401.INVALID_TOKEN.TOKEN_EXPIRED.TOKEN_MISSING.UNKNOWN_KEY"];
            403: components["responses"]["403.PERMISSION_DENIED"];
            404: components["responses"]["404.ORDER_NOT_FOUND"];
            409: components["responses"]["409.ILLEGAL_TRANSITION"];
            413: components["responses"]["413.BODY_TOO_LARGE"];
            415: components["responses"]["415.UNSUPPORTED_CONTENT_ENCODING.UNSUPPORTED_MEDIA_TYPE"];
            429: components["responses"]["429.TOO_MANY_PIPELINED"];
            500: components["responses"]["500.INTERNAL"];
            503: components["responses"]["503.OVERLOADED.UNAVAILABLE"];
            504: components["responses"]["504.DEADLINE_EXCEEDED"];
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    OrderService_RefundOrder: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example 01980f3e-7b1c-7c3a-9d5e-2f6a8b4c1d0e */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /** @example {} */
                "application/json": Record<string, never>;
            };
        };
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "01980f3e-7b1c-7c3a-9d5e-2f6a8b4c1d0e",
                     *       "userId": "01980f3e-1a2b-7c3d-8e4f-5a6b7c8d9e0f",
                     *       "status": "PAID",
                     *       "reason": "",
                     *       "items": [
                     *         {
                     *           "sku": "TSHIRT-M",
                     *           "title": "T-shirt, medium",
                     *           "quantity": 1,
                     *           "unitPrice": {
                     *             "currency": "EUR",
                     *             "amountMinor": "1999"
                     *           }
                     *         }
                     *       ],
                     *       "total": {
                     *         "currency": "EUR",
                     *         "amountMinor": "1999"
                     *       },
                     *       "version": 2,
                     *       "createTime": "2026-01-02T03:04:05Z",
                     *       "updateTime": "2026-01-02T03:04:05Z"
                     *     }
                     */
                    "application/json": components["schemas"]["stampede.order.v1.Order"];
                };
            };
            400: components["responses"]["400.INVALID_ARGUMENT.MALFORMED_JSON"];
            401: components["responses"]["401.INVALID_TOKEN.TOKEN_EXPIRED.TOKEN_MISSING.UNKNOWN_KEY"];
            403: components["responses"]["403.PERMISSION_DENIED"];
            404: components["responses"]["404.ORDER_NOT_FOUND"];
            409: components["responses"]["409.ILLEGAL_TRANSITION"];
            413: components["responses"]["413.BODY_TOO_LARGE"];
            415: components["responses"]["415.UNSUPPORTED_CONTENT_ENCODING.UNSUPPORTED_MEDIA_TYPE"];
            429: components["responses"]["429.TOO_MANY_PIPELINED"];
            500: components["responses"]["500.INTERNAL"];
            503: components["responses"]["503.OVERLOADED.UNAVAILABLE"];
            504: components["responses"]["504.DEADLINE_EXCEEDED"];
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    OrderService_WatchOrder: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @example 01980f3e-7b1c-7c3a-9d5e-2f6a8b4c1d0e */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OK */
            200: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example data: {"id":"01980f3e-7b1c-7c3a-9d5e-2f6a8b4c1d0e","userId":"01980f3e-1a2b-7c3d-8e4f-5a6b7c8d9e0f","status":"PAID","reason":"","items":[{"sku":"TSHIRT-M","title":"T-shirt, medium","quantity":1,"unitPrice":{"currency":"EUR","amountMinor":"1999"}}],"total":{"currency":"EUR","amountMinor":"1999"},"version":2,"createTime":"2026-01-02T03:04:05Z","updateTime":"2026-01-02T03:04:05Z"}
                     *
                     *     event: end
                     *     data: {}
                     */
                    "text/event-stream": string;
                    /**
                     * @example {
                     *       "id": "01980f3e-7b1c-7c3a-9d5e-2f6a8b4c1d0e",
                     *       "userId": "01980f3e-1a2b-7c3d-8e4f-5a6b7c8d9e0f",
                     *       "status": "PAID",
                     *       "reason": "",
                     *       "items": [
                     *         {
                     *           "sku": "TSHIRT-M",
                     *           "title": "T-shirt, medium",
                     *           "quantity": 1,
                     *           "unitPrice": {
                     *             "currency": "EUR",
                     *             "amountMinor": "1999"
                     *           }
                     *         }
                     *       ],
                     *       "total": {
                     *         "currency": "EUR",
                     *         "amountMinor": "1999"
                     *       },
                     *       "version": 2,
                     *       "createTime": "2026-01-02T03:04:05Z",
                     *       "updateTime": "2026-01-02T03:04:05Z"
                     *     }
                     */
                    "application/x-ndjson": components["schemas"]["stampede.order.v1.Order"];
                };
            };
            400: components["responses"]["400.INVALID_ARGUMENT"];
            401: components["responses"]["401.INVALID_TICKET.INVALID_TOKEN.TICKET_EXPIRED.TOKEN_EXPIRED.TOKEN_MISSING.UNKNOWN_KEY"];
            404: components["responses"]["404.ORDER_NOT_FOUND"];
            429: components["responses"]["429.TOO_MANY_PIPELINED"];
            500: components["responses"]["500.INTERNAL"];
            503: components["responses"]["503.OVERLOADED.UNAVAILABLE"];
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
    Tickets_CreateTicket: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "path": "/v1/things/1:watch"
                 *     }
                 */
                "application/json": {
                    /** @description The path of the stream with its query, as in a URL. */
                    path: string;
                };
            };
        };
        responses: {
            /** @description The ticket. */
            201: {
                headers: {
                    "x-request-id": components["headers"]["RequestId"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "ticket": "eyJpZCI6ImFubiJ9.q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA",
                     *       "url": "/v1/things/1:watch?ticket=eyJpZCI6ImFubiJ9.q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA",
                     *       "expiresIn": 30
                     *     }
                     */
                    "application/json": {
                        ticket: string;
                        /** @description The path with the ticket in it: what the EventSource is to open. */
                        url: string;
                        /** @description Seconds within which the stream is to be opened. */
                        expiresIn: number;
                    };
                };
            };
            400: components["responses"]["400.INVALID_ARGUMENT.MALFORMED_JSON"];
            401: components["responses"]["401.INVALID_TOKEN.TOKEN_EXPIRED.TOKEN_MISSING.UNKNOWN_KEY"];
            404: components["responses"]["404.ORDER_NOT_FOUND"];
            413: components["responses"]["413.BODY_TOO_LARGE"];
            415: components["responses"]["415.UNSUPPORTED_CONTENT_ENCODING.UNSUPPORTED_MEDIA_TYPE"];
            429: components["responses"]["429.TOO_MANY_PIPELINED"];
            500: components["responses"]["500.INTERNAL"];
            503: components["responses"]["503.OVERLOADED.UNAVAILABLE"];
            504: components["responses"]["504.DEADLINE_EXCEEDED"];
            "4XX": components["responses"]["Problem"];
            "5XX": components["responses"]["Problem"];
        };
    };
}
