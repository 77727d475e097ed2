/** A reader of SMTP replies (RFC 5321 section 4.2), fed with bytes as they come. */

export interface SmtpReply {
  readonly code: number;
  /** Of its last line. */
  readonly text: string;
}

/** Section 4.5.3.1.5 has 512 for a line; a greeting of many lines is still a greeting. */
const MAX_REPLY = 8_192;
const LINE = /^([2-5]\d\d)(?:([ -])(.*))?$/;

export class ReplyReader {
  #buffer = '';
  #length = 0;

  /** @returns a whole reply; undefined while more must come; a text that says what is wrong */
  push(data: Buffer): SmtpReply | string | undefined {
    this.#buffer += data.toString('latin1');
    this.#length += data.length;
    for (;;) {
      const end = this.#buffer.indexOf('\n');
      if (end < 0) return this.#length > MAX_REPLY ? `sent a reply of more than ${MAX_REPLY} bytes` : undefined;
      const line = this.#buffer.slice(0, end).replace(/\r$/, '');
      this.#buffer = this.#buffer.slice(end + 1);
      const [, code, separator, text = ''] = LINE.exec(line) ?? [];
      if (code === undefined) return 'does not speak SMTP';
      if (separator === '-') continue;
      this.#length = this.#buffer.length;
      return { code: Number(code), text };
    }
  }
}
