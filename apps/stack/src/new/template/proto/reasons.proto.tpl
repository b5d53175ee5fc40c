syntax = "proto3";

package stampede.{{name}}.v1;

import "stampede/errors/v1/options.proto";

// The reasons of google.rpc.ErrorInfo that the {{name}} service answers.
enum {{Name}}ErrorReason {
  {{NAME}}_ERROR_REASON_UNSPECIFIED = 0;
  // No such {{name}}, or somebody else's.
  {{NAME}}_NOT_FOUND = 1 [(stampede.errors.v1.http_status) = 404];
}
