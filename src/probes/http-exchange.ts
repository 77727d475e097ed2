/** One HTTP/1.1 request over a connected stream, and what its answer must be; the same over TCP and TLS. */
import { createHash, type Hash } from 'node:crypto';
import type { Duplex } from 'node:stream';
import type { HttpExpectation } from '../config/service.ts';
import type { ProbeSpec } from '../health/probe-plan.ts';
import { type Attempt, endpoint, where } from './attempt.ts';
import { sentence } from './dial.ts';
import { type ResponseHead, ResponseReader } from './http-response.ts';

/** A body that nobody asks about is read this far, to see that it comes; more would only be load. */
const ENOUGH_BODY = 262_144;
/** A body that must match is held or hashed up to here. */
const MAX_BODY = 16_777_216;

export function exchange(spec: ProbeSpec, want: HttpExpectation, stream: Duplex, attempt: Attempt): void {
  // Over TLS, what comes behind the answer and the end of the stream are still told when all is said.
  let isOver = false;
  const settle = (error?: string): void => {
    isOver = true;
    attempt.settle(error);
  };
  const fail = (what: string): void => settle(`${where(spec)} ${what}`);
  const body = new BodyJudge(want);
  let unwanted: string | undefined;
  const reader = new ResponseReader(
    want.method,
    (head) => {
      unwanted = statusProblem(want, head);
      attempt.stage = 'while reading the body';
    },
    (part) => body.add(part),
  );
  const conclude = (problem: string | undefined): void => {
    const wrong = problem ?? unwanted;
    if (wrong !== undefined) fail(wrong);
    else if (body.isTooLong) fail(`sent a body of more than ${MAX_BODY} bytes`);
    else if (reader.isComplete) {
      const mismatch = body.problem();
      if (mismatch === undefined) settle();
      else fail(mismatch);
    } else if (body.isEnough) settle();
  };
  attempt.stage = 'the connection was accepted, but nothing came';
  stream.on('data', (data: Buffer) => {
    if (!isOver) conclude(reader.push(data));
  });
  stream.on('end', () => {
    if (!isOver) conclude(reader.end());
  });
  stream.on('error', (error) => settle(sentence(spec, error, attempt.stage)));
  stream.write(requestText(spec, want));
}

function statusProblem({ status: ranges }: HttpExpectation, { status, reason }: ResponseHead): string | undefined {
  if (ranges.some(([low, high]) => low <= status && status <= high)) return undefined;
  const wanted = ranges.map(([low, high]) => (low === high ? `${low}` : `${low}–${high}`)).join(', ');
  return `answered ${status}${reason === '' ? '' : ` ${reason.slice(0, 60)}`}, expected ${wanted}`;
}

/** `Host` is the check's, else the target as a URL would write it (RFC 9110 section 7.2). */
export function requestText(spec: ProbeSpec, want: HttpExpectation): string {
  const standard = spec.check.kind === 'https' ? 443 : 80;
  const target = spec.port === standard ? endpoint(spec).slice(0, -`:${spec.port}`.length) : endpoint(spec);
  const headers = new Map<string, readonly [string, string]>();
  const put = (name: string, value: string): void => {
    headers.set(name.toLowerCase(), [name, value]);
  };
  put('Host', want.host ?? target);
  put('User-Agent', 'lvs-agent');
  put('Accept', '*/*');
  for (const [name, value] of Object.entries(want.headers)) put(name, value);
  put('Connection', 'close');
  const lines = [...headers.values()].map(([name, value]) => `${oneLine(name)}: ${oneLine(value)}\r\n`);
  return `${oneLine(want.method)} ${oneLine(want.path)} HTTP/1.1\r\n${lines.join('')}\r\n`;
}

/** A line break in a configured value would be a second request. */
function oneLine(text: string): string {
  return text.replace(/[\r\n]+/g, ' ');
}

class BodyJudge {
  readonly #want: HttpExpectation;
  readonly #md5: Hash | undefined;
  readonly #sha256: Hash | undefined;
  readonly #parts: Buffer[] = [];
  #length = 0;

  constructor(want: HttpExpectation) {
    this.#want = want;
    this.#md5 = want.md5 === null ? undefined : createHash('md5');
    this.#sha256 = want.sha256 === null ? undefined : createHash('sha256');
  }

  add(part: Buffer): void {
    this.#length += part.length;
    this.#md5?.update(part);
    this.#sha256?.update(part);
    if (this.#want.body !== null && this.#length <= MAX_BODY) this.#parts.push(part);
  }

  get #mustMatch(): boolean {
    return this.#want.md5 !== null || this.#want.sha256 !== null || this.#want.body !== null;
  }

  get isTooLong(): boolean {
    return this.#mustMatch && this.#length > MAX_BODY;
  }

  get isEnough(): boolean {
    return !this.#mustMatch && this.#length >= ENOUGH_BODY;
  }

  problem(): string | undefined {
    const { md5, sha256, body } = this.#want;
    const [hasMd5, hasSha256] = [this.#md5?.digest('hex'), this.#sha256?.digest('hex')];
    if (md5 !== null && hasMd5 !== md5.toLowerCase()) return `sent a body with MD5 ${hasMd5}, expected ${md5}`;
    if (sha256 !== null && hasSha256 !== sha256.toLowerCase()) {
      return `sent a body with SHA-256 ${hasSha256}, expected ${sha256}`;
    }
    if (body === null) return undefined;
    // Unparsable patterns are refused with the configuration; the flag makes "." and classes see whole characters.
    const matches = new RegExp(body, 'u').test(Buffer.concat(this.#parts).toString('utf8'));
    return matches ? undefined : `sent a body that does not match /${body}/`;
  }
}
