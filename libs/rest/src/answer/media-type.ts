const SANE = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(?:\s*;\s*[\w!#$&^.+-]+=(?:[\w!#$&^.+-]+|"[ !#-[\]-~]*"))*$/;

/** The media type of a google.api.HttpBody where it can stand in a header as it is, else that of bytes of which nothing is known. */
export function mediaTypeOf(contentType: string): string {
  return SANE.test(contentType) ? contentType : 'application/octet-stream';
}
