/**
 * Whose certificates are believed: the authorities of the system, where the director's owner adds his own, or those that Node
 * brings where the system has none. Read once, with the first need: some hundred certificates take a tenth of a second.
 */
import { createSecureContext, getCACertificates, rootCertificates, type SecureContext } from 'node:tls';

let known: SecureContext | undefined;

export function systemTrust(): SecureContext {
  if (known !== undefined) return known;
  const system = getCACertificates('system');
  known = createSecureContext({ ca: system.length > 0 ? system : [...rootCertificates] });
  return known;
}
