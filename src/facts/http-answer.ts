/** An HTTP answer that ends with its stream, as it was printed by a program that only copied it. */

export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
}

/** null: it is no HTTP answer. */
export function parseHttpAnswer(printed: string): HttpAnswer | null {
  const status = /^HTTP\/1\.[01] (\d{3})\b/.exec(printed)?.[1];
  const end = printed.indexOf('\r\n\r\n');
  return status === undefined || end < 0 ? null : { status: Number(status), body: printed.slice(end + 4) };
}
