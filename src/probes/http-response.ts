/**
 * A reader of one HTTP/1.x response (RFC 9112), fed with bytes as they come. Written for probes: it keeps no more than it is
 * told to, believes nothing, and says in a sentence what is wrong.
 */

export interface ResponseHead {
  readonly status: number;
  readonly reason: string;
  /** Names in lower case; repeated ones joined by a comma. */
  readonly headers: ReadonlyMap<string, string>;
}

/** Bytes of status line and headers; the same limit as nginx's and Node's. */
const MAX_HEAD = 16_384;
/** A chunk size line is some hex digits and perhaps an extension. */
const MAX_LINE = 1_024;

type Framing = { readonly kind: 'length'; left: number } | { readonly kind: 'chunked' } | { readonly kind: 'close' };
type Stage = 'head' | 'body' | 'chunk-size' | 'chunk-data' | 'chunk-end' | 'trailer' | 'done';

export class ResponseReader {
  #stage: Stage = 'head';
  #buffer: Buffer = Buffer.alloc(0);
  #framing: Framing = { kind: 'close' };
  #chunkLeft = 0;
  #received = 0;
  #expected: number | null = null;
  readonly #isHeadRequest: boolean;
  readonly #onHead: (head: ResponseHead) => void;
  readonly #onBody: (part: Buffer) => void;

  /** @param onBody - gets each part of the body, once, without its chunk framing */
  constructor(method: string, onHead: (head: ResponseHead) => void, onBody: (part: Buffer) => void) {
    this.#isHeadRequest = method === 'HEAD';
    this.#onHead = onHead;
    this.#onBody = onBody;
  }

  get isComplete(): boolean {
    return this.#stage === 'done';
  }

  /** Takes what has come. @returns what is wrong with it, or undefined */
  push(data: Buffer): string | undefined {
    this.#buffer = this.#buffer.length === 0 ? data : Buffer.concat([this.#buffer, data]);
    for (;;) {
      const step = this.#step();
      if (step !== true) return step === false ? undefined : step;
    }
  }

  /** The other side has closed. @returns what is missing, or undefined when the answer is whole */
  end(): string | undefined {
    if (this.#stage === 'body' && this.#framing.kind === 'close') this.#stage = 'done';
    if (this.#stage === 'done') return undefined;
    if (this.#stage !== 'head') {
      const of = this.#expected === null ? '' : ` of ${this.#expected}`;
      return `closed the connection in the middle of the answer (after ${this.#received}${of} bytes of the body)`;
    }
    return this.#buffer.length === 0
      ? 'closed the connection without an answer'
      : 'closed the connection in the middle of the headers';
  }

  /** One step: true = there may be another, false = more bytes are needed or it is done, text = an error. */
  #step(): boolean | string {
    switch (this.#stage) {
      case 'head':
        return this.#readHead();
      case 'body':
        return this.#readBody();
      case 'chunk-size':
        return this.#readChunkSize();
      case 'chunk-data':
        return this.#readChunkData();
      case 'chunk-end':
        return this.#readChunkEnd();
      case 'trailer':
        return this.#readTrailer();
      case 'done':
        return false;
    }
  }

  #readHead(): boolean | string {
    const end = this.#buffer.indexOf('\r\n\r\n');
    if (end < 0) {
      if (!looksLikeHttp(this.#buffer)) return 'does not speak HTTP';
      return this.#buffer.length > MAX_HEAD ? `sent more than ${MAX_HEAD} bytes of headers` : false;
    }
    if (end > MAX_HEAD) return `sent more than ${MAX_HEAD} bytes of headers`;
    const head = parseHead(this.#buffer.toString('latin1', 0, end));
    if (typeof head === 'string') return head;
    this.#buffer = this.#buffer.subarray(end + 4);
    // Interim responses (RFC 9110 section 15.2) come before the real one.
    if (head.status < 200 && head.status !== 101) return true;
    const framing = this.#isHeadRequest || head.status === 204 || head.status === 304 ? EMPTY : framingOf(head);
    if (typeof framing === 'string') return framing;
    this.#framing = { ...framing };
    this.#expected = framing.kind === 'length' ? framing.left : null;
    this.#stage = framing.kind === 'chunked' ? 'chunk-size' : 'body';
    this.#onHead(head);
    return true;
  }

  #readBody(): boolean {
    const framing = this.#framing;
    if (framing.kind === 'length') {
      framing.left -= this.#emit(framing.left);
      if (framing.left === 0) this.#stage = 'done';
    } else this.#emit(Number.POSITIVE_INFINITY);
    return false;
  }

  #readChunkSize(): boolean | string {
    const line = this.#line();
    if (line === undefined) return this.#buffer.length > MAX_LINE ? 'sent a malformed chunk' : false;
    const digits = line.split(';')[0]?.trim() ?? '';
    if (!/^[0-9a-f]{1,12}$/i.test(digits)) return 'sent a malformed chunk';
    this.#chunkLeft = Number.parseInt(digits, 16);
    this.#stage = this.#chunkLeft === 0 ? 'trailer' : 'chunk-data';
    return true;
  }

  #readChunkData(): boolean {
    this.#chunkLeft -= this.#emit(this.#chunkLeft);
    if (this.#chunkLeft > 0) return false;
    this.#stage = 'chunk-end';
    return true;
  }

  #readChunkEnd(): boolean | string {
    if (this.#buffer.length < 2) return false;
    if (this.#line() !== '') return 'sent a malformed chunk';
    this.#stage = 'chunk-size';
    return true;
  }

  #readTrailer(): boolean | string {
    const line = this.#line();
    if (line === undefined) return this.#buffer.length > MAX_HEAD ? 'sent a malformed trailer' : false;
    if (line === '') this.#stage = 'done';
    return true;
  }

  #emit(atMost: number): number {
    const part = this.#buffer.subarray(0, Math.min(atMost, this.#buffer.length));
    this.#buffer = this.#buffer.subarray(part.length);
    this.#received += part.length;
    if (part.length > 0) this.#onBody(part);
    return part.length;
  }

  #line(): string | undefined {
    const end = this.#buffer.indexOf('\r\n');
    if (end < 0) return undefined;
    const line = this.#buffer.toString('latin1', 0, end);
    this.#buffer = this.#buffer.subarray(end + 2);
    return line;
  }
}

const EMPTY: Framing = { kind: 'length', left: 0 };

/** Whether the first bytes can still become a status line; decides early for a server of another protocol. */
function looksLikeHttp(bytes: Buffer): boolean {
  return 'HTTP/1.'.startsWith(bytes.toString('latin1', 0, Math.min(7, bytes.length)));
}

function parseHead(text: string): ResponseHead | string {
  const [statusLine = '', ...lines] = text.split('\r\n');
  const match = /^HTTP\/1\.[01] ([1-9]\d\d)(?: (.*))?$/.exec(statusLine);
  if (match === null) return 'does not speak HTTP';
  const headers = new Map<string, string>();
  for (const line of lines) {
    const field = /^([!#$%&'*+\-.^_`|~\w]+):[ \t]*(.*?)[ \t]*$/.exec(line);
    if (field === null) return 'sent a malformed header';
    const name = (field[1] ?? '').toLowerCase();
    const before = headers.get(name);
    headers.set(name, before === undefined ? (field[2] ?? '') : `${before}, ${field[2] ?? ''}`);
  }
  return { status: Number(match[1]), reason: match[2] ?? '', headers };
}

/** RFC 9112 section 6.3: chunked goes before a length; without either the body ends with the connection. */
function framingOf({ headers }: ResponseHead): Framing | string {
  const encoding = headers.get('transfer-encoding');
  if (encoding !== undefined) {
    return /(^|,)\s*chunked$/i.test(encoding) ? { kind: 'chunked' } : { kind: 'close' };
  }
  const length = headers.get('content-length');
  if (length === undefined) return { kind: 'close' };
  // Equal repeated lengths are one (RFC 9112 section 6.3 rule 5).
  const values = new Set(length.split(',').map((value) => value.trim()));
  const [value = ''] = values;
  if (values.size !== 1 || !/^\d{1,15}$/.test(value)) return 'sent a malformed Content-Length';
  return { kind: 'length', left: Number(value) };
}
