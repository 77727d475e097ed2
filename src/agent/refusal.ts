/** A request that cannot be granted; `status` as HTTP has it (RFC 9110 section 15). */
export class Refusal extends Error {
  override name = 'Refusal';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}
