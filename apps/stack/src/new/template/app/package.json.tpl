{
  "name": "@stampede/{{name}}",
  "version": "0.1.0",
  "private": true,
  "type": "module",
  "license": "Apache-2.0",
  "dependencies": {
    "@stampede/contracts": "*",
    "@stampede/errors": "*",
    "@stampede/postgres": "*",
    "@stampede/rpc": "*",
    "@stampede/service": "*",
    "uuidv7": "{{version:uuidv7}}",
    "zod": "{{version:zod}}"
  },
  "devDependencies": {
    "@stampede/telemetry": "*",
    "@stampede/testing": "*"
  },
  "nx": {
    "name": "{{name}}",
    "tags": ["type:app"],
    "targets": {
      "lint": {},
      "typecheck": {},
      "test": {},
      "serve": {},
      "bundle": {}
    }
  },
  "stampede": {
    "database": true,
    "calls": []
  }
}
