/** Reading HTTP/1.1 answers that carry Content-Length, as the lab's web servers send them. */

export interface Answer {
  readonly status: number;
  readonly body: string;
  /** Bytes of this answer; what follows belongs to the next. */
  readonly length: number;
}

/** Larger than any page of the lab: more header than this is no answer of ours. */
const LONGEST_HEAD = 16_384;

/**
 * The first answer in the bytes so far (one character a byte), or nothing while it is incomplete.
 * @throws Error when it is not HTTP, or has no length.
 */
export function readAnswer(bytes: string): Answer | undefined {
  const end = bytes.indexOf('\r\n\r\n');
  if (end === -1) {
    if (bytes.length > LONGEST_HEAD || !'HTTP/1.1 '.startsWith(bytes.slice(0, 9))) throw new Error('not HTTP');
    return undefined;
  }
  const head = bytes.slice(0, end);
  const status = /^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1];
  const size = /^content-length: *(\d+)\r?$/im.exec(head)?.[1];
  if (status === undefined || size === undefined) throw new Error('not HTTP');
  const length = end + 4 + Number(size);
  return bytes.length < length ? undefined : { status: Number(status), body: bytes.slice(end + 4, length), length };
}

/** A request for a path; `close` asks the server to end the connection after its answer. */
export function requestText(host: string, path: string, connection: 'close' | 'keep-alive'): string {
  return `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: ${connection}\r\n\r\n`;
}
