/** Texts of other programs may repeat what we told them: a mail server that refuses a line quotes it. Pure. */

/** @param secrets - as they are, and as base64, in which SMTP sends them (RFC 4954) */
export function masked(text: string, secrets: readonly string[]): string {
  const spellings = secrets.flatMap((one) => (one === '' ? [] : [one, Buffer.from(one).toString('base64')]));
  // The longest first: one may be a part of another.
  return spellings.sort((a, b) => b.length - a.length).reduce((rest, one) => rest.replaceAll(one, '***'), text);
}
