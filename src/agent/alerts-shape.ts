/** The shape of where alerts go. Secrets have been fetched by lvsctl: what stands here is sent as it is. */

import type { AlertsConfig } from '../config/config.ts';
import { decimal, integer, list, matching, nullable, object, oneOf, record, type Shape, text } from './shape.ts';

const secret = object({ source: oneOf('literal'), value: text });
/** A field of a header may hold no line end and no control character (RFC 9110 section 5.5). */
const headerValue = matching((value) => /^[\t\u0020-\u007e\u0080-\u00ff]*$/.test(value), 'the value of a header');
const mailbox = matching((value) => /^[^\s@<>,]+@[^\s@<>,]+$/.test(value), 'a mail address');
const url = matching((value) => /^https?:\/\//.test(value) && URL.canParse(value), 'an http or https URL');

export const alertsShape: Shape<AlertsConfig> = object({
  smtp: nullable(
    object({
      server: text,
      port: integer(1, 65_535),
      from: mailbox,
      to: list(mailbox, 1),
      helo: nullable(text),
      tls: oneOf('required', 'starttls', 'none'),
      user: nullable(text),
      password: nullable(secret),
      timeoutMs: decimal(1, 31_622_400_000),
    }),
  ),
  webhook: nullable(object({ url, headers: record(object({ source: oneOf('literal'), value: headerValue })) })),
});
