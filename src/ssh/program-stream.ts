/** A program on a host as a stream: what is written is its stdin, what is read its stdout; a failing program is an error. */
import { Duplex } from 'node:stream';
import { failureOf } from './dial.ts';
import type { Launched } from './launch.ts';
import type { Session } from './session.ts';

export function programStream(session: Session, launched: Launched): Duplex {
  const { channel, exit, stderr } = launched;
  launched.takeEarlyStderr();
  const stream = new Duplex({
    read: () => {
      channel.resume();
    },
    write: (chunk, _encoding, done) => {
      channel.write(chunk, done);
    },
    final: (done) => {
      channel.end();
      done();
    },
    destroy: (error, done) => {
      channel.destroy();
      channel.resume();
      done(error);
    },
  });
  channel.on('data', (chunk: Buffer) => {
    if (!stream.push(chunk)) channel.pause();
  });
  void exit.then(({ exitCode }) => {
    if (session.lost) stream.destroy(session.lost);
    else if (exitCode === 0) stream.push(null);
    else {
      const reason = { kind: 'shell-ended', step: null, exitCode, stderr: stderr().trim() } as const;
      stream.destroy(failureOf(session.host, 'command', reason));
    }
  });
  return stream;
}
