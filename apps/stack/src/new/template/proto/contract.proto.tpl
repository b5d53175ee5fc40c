syntax = "proto3";

package stampede.{{name}}.v1;

import "google/api/annotations.proto";
import "google/protobuf/timestamp.proto";

// What a {{name}} is, and who may do what with it: say it here first.
service {{Name}}Service {
  // Makes one, the caller's own.
  rpc Create{{Name}}(Create{{Name}}Request) returns (Create{{Name}}Response) {
    option idempotency_level = IDEMPOTENCY_UNKNOWN;
    option (google.api.http) = {
      post: "/v1/{{name}}s"
      body: "*"
      response_body: "{{name}}"
    };
  }

  // Reads one's own. NOT_FOUND/{{NAME}}_NOT_FOUND.
  rpc Get{{Name}}(Get{{Name}}Request) returns (Get{{Name}}Response) {
    option idempotency_level = NO_SIDE_EFFECTS;
    option (google.api.http) = {
      get: "/v1/{{name}}s/{id}"
      response_body: "{{name}}"
    };
  }
}

message {{Name}} {
  // UUIDv7.
  string id = 1;
  // 1 to 100 characters.
  string title = 2;
  google.protobuf.Timestamp create_time = 3;
}

message Create{{Name}}Request {
  string title = 1;
}

message Create{{Name}}Response {
  {{Name}} {{name}} = 1;
}

message Get{{Name}}Request {
  string id = 1;
}

message Get{{Name}}Response {
  {{Name}} {{name}} = 1;
}
