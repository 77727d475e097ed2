import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { askSecret, type KeyInput } from '../../src/output/ask.ts';

class Keyboard extends EventEmitter implements KeyInput {
  readonly modes: boolean[] = [];
  setRawMode(raw: boolean): void {
    this.modes.push(raw);
  }
  resume(): void {}
  pause(): void {}

  /** Types as soon as somebody listens. */
  async type(...chunks: (string | Buffer)[]): Promise<void> {
    await expect.poll(() => this.listenerCount('data')).toBe(1);
    for (const chunk of chunks) this.emit('data', Buffer.from(chunk));
  }
}

async function typing(
  ...chunks: (string | Buffer)[]
): Promise<{ answer: string | null; shown: string; modes: boolean[] }> {
  const keyboard = new Keyboard();
  let shown = '';
  const asked = askSecret('Passphrase: ', keyboard, (text) => {
    shown += text;
  });
  const [answer] = await Promise.all([asked, keyboard.type(...chunks)]);
  return { answer, shown, modes: keyboard.modes };
}

describe('askSecret', () => {
  it('reads until Enter, shows nothing of it and gives the terminal back', async () => {
    expect(await typing('open', ' sesame\r')).toEqual({
      answer: 'open sesame',
      shown: 'Passphrase: \n',
      modes: [true, false],
    });
  });

  it('takes back by Backspace, and characters of several bytes however they come', async () => {
    const bytes = Buffer.from('é漢');
    expect((await typing('ax\u007fb', bytes.subarray(0, 1), bytes.subarray(1), '\u0008\n')).answer).toBe('abé');
  });

  it('is null for an empty line and for ^D', async () => {
    expect((await typing('\r')).answer).toBeNull();
    expect((await typing('\u0004')).answer).toBeNull();
  });

  it('is interrupted by ^C, and then still answers the next', async () => {
    const keyboard = new Keyboard();
    const first = askSecret('1: ', keyboard, () => {});
    const second = askSecret('2: ', keyboard, () => {});
    const refused = expect(first).rejects.toMatchObject({ name: 'AbortError' });
    await keyboard.type('x\u0003');
    await refused;
    await keyboard.type('y\r');
    expect(await second).toBe('y');
  });
});
