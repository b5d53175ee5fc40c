// HTTP/JSON as most write it: axios and express with its JSON body parser.
import { once } from 'node:events';
import axios from 'axios';
import express from 'express';
import { createHeaderReader, createHeaderWriter } from '../../src/calls/headers.ts';

export const transport = {
  async serve(handler, secret) {
    const read = createHeaderReader(secret);
    const app = express();
    app.use(express.json());
    app.post('/reserve', (request, response) => {
      response.json(handler(request.body, read(request.headers)));
    });
    const server = app.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return `127.0.0.1:${server.address().port}`;
  },

  async connect(address, service, secret) {
    const write = createHeaderWriter(service, secret);
    const client = axios.create({ baseURL: `http://${address}` });
    return async (message, context) => {
      const { data } = await client.post('/reserve', message, {
        headers: { ...write(context) },
        timeout: context.deadlineMs,
      });
      return data;
    };
  },
};
