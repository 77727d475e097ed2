import { expect, it } from 'vitest';
import { inTurn } from '../../src/probes/in-turn.ts';

it('begins the next between the same ends when the one before is over, however that ended', async () => {
  const begun: string[] = [];
  const ends = new Map<string, (error?: Error) => void>();
  const talk = (name: string) => () =>
    new Promise<string>((resolve, reject) => {
      begun.push(name);
      ends.set(name, (error) => (error === undefined ? resolve(name) : reject(error)));
    });
  const all = [
    inTurn('a', talk('one')),
    inTurn('a', talk('two')),
    inTurn('b', talk('other')),
    inTurn('a', talk('three')),
  ];
  expect(begun).toEqual(['one', 'other']);
  ends.get('one')?.(new Error('broken'));
  await expect(all[0]).rejects.toThrow('broken');
  await expect.poll(() => begun).toEqual(['one', 'other', 'two']);
  ends.get('two')?.();
  await expect.poll(() => begun).toEqual(['one', 'other', 'two', 'three']);
  for (const end of ends.values()) end();
  expect(await Promise.all(all.slice(1))).toEqual(['two', 'other', 'three']);
});
