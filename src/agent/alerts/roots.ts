/** Whose certificates are believed: the authorities that Node brings, and those that the director's owner has added to the system. */
import { getCACertificates, rootCertificates } from 'node:tls';

export function trustedRoots(): string[] {
  return [...rootCertificates, ...getCACertificates('system')];
}
