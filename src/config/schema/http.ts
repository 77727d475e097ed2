/** Keys of HTTP and HTTPS checks. */
import { oneOf, scalar, text } from '../shape/scalars.ts';
import { defaulted, list, named, optional, type Shape, spelled } from '../shape/shape.ts';

const statusRange: Shape<readonly [number, number]> = scalar(
  'a status such as 200, or a range such as 200-204, within 100 to 599',
  { type: ['integer', 'string'] },
  (raw) => {
    const [, low, high] = /^([1-5]\d\d)(?:-([1-5]\d\d))?$/.exec(raw.source) ?? [];
    if (low === undefined || Number(high ?? low) < Number(low)) return undefined;
    return [Number(low), Number(high ?? low)];
  },
);

export const path = text('a path such as /healthz', /^\/[^\s\0]*$/);
const token = text('a header name', /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/);
export const line = text('text without line breaks', /^[^\r\n\0]*$/);
export const hostName = text('a host name', /^[A-Za-z0-9_.:[\]-]+$/);

/** Bodies are matched by RegExp with the flag `u` off, as nginx and keepalived users write them. */
const pattern = scalar<string>('a regular expression', { type: 'string', format: 'regex' }, (raw) => {
  if (typeof raw.value !== 'string') return undefined;
  const source = raw.value.replaceAll('$${', '${');
  try {
    new RegExp(source);
    return source;
  } catch (error) {
    return { because: `is no regular expression: ${error instanceof Error ? error.message : String(error)}` };
  }
});

export const http = {
  host: optional(hostName, 'the address and port probed', 'The Host header.', 'www.example.com'),
  method: defaulted(
    oneOf('GET', 'HEAD', 'OPTIONS', 'POST'),
    'GET',
    'The method of the request.',
    'What a browser does.',
    'HEAD',
  ),
  headers: defaulted(
    named(token, line),
    '{}',
    'Further headers of the request.',
    'Host, User-Agent and Connection are sent already.',
    '{ x-probe: lvs }',
  ),
  status: defaulted(
    spelled('a status or a list of statuses and ranges', {
      scalar: { ...statusRange, parse: (raw, findings) => single(statusRange.parse(raw, findings)) } as Shape<
        readonly (readonly [number, number])[]
      >,
      list: list(statusRange, 1),
    }),
    '[200-299]',
    'Statuses that mean up. Redirects are not followed.',
    'A redirect or an error page is not the page that was asked for.',
    '[200-204, 301]',
  ),
  md5: optional(
    text('32 hexadecimal digits', /^[0-9a-fA-F]{32}$/),
    'not compared',
    'MD5 of the body (`lvsctl digest URL` prints it).',
    'd41d8cd98f00b204e9800998ecf8427e',
  ),
  sha256: optional(
    text('64 hexadecimal digits', /^[0-9a-fA-F]{64}$/),
    'not compared',
    'SHA-256 of the body (`lvsctl digest URL` prints it).',
    'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  ),
  body: optional(pattern, 'not looked at', 'A regular expression that the body must match.', '"^ok"'),
};

function single<T>(value: T | undefined): readonly T[] | undefined {
  return value === undefined ? undefined : [value];
}
