/** The shapes of how advertisements are protected: as it is stored, and as an earlier configuration has it. */
import { HMAC_KEY, hmacKey } from '../config/hmac-key.ts';
import type { Rings } from '../vrrp/protection.ts';
import { list, matching, nullable, object, oneOf, record, type Shape, text } from './shape.ts';

export const hmacKeyShape = matching((value) => !('problem' in hmacKey(value)), `a key of ${HMAC_KEY}`);
const mode = oneOf('receive', 'permissive', 'enforce');

const protection = nullable(object({ mode, key: hmacKeyShape }));

export const ringsShape: Shape<Rings> = record(
  object({ wanted: protection, sends: protection, former: list(protection) }),
);

/** Of an instance in a configuration. */
export const hmacShape = nullable(object({ key: object({ value: hmacKeyShape }), mode }));

/** Only what is read of it. */
export const protectedConfigShape = object({
  config: object({ instances: list(object({ name: text, hmac: hmacShape })) }),
});
