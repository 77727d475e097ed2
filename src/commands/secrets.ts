/** Secrets of a topology, fetched on this machine just before they are needed: the agents get the values, never the sources. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { Config, SecretSource } from '../config/config.ts';
import { HMAC_KEY, hmacKey } from '../config/hmac-key.ts';
import { Failure } from '../output/failure.ts';
import { reasonOf } from './topology.ts';

/** The configuration with every secret as a literal. @throws Failure 5 that names the source, never the value. */
export async function withSecrets(config: Config): Promise<Config> {
  const whole = (await resolved(config)) as Config;
  for (const [index, { name, hmac }] of whole.instances.entries()) {
    const key = hmac === null ? {} : hmacKey(hmac.key.value);
    const { source, value } = config.instances[index]?.hmac?.key ?? {};
    if ('problem' in key)
      throw new Failure(5, `vrrp.${name}.hmac: the key of \${${source}:${value}} ${key.problem}; expected ${HMAC_KEY}`);
  }
  return whole;
}

async function resolved(value: unknown): Promise<unknown> {
  if (Array.isArray(value)) return Promise.all(value.map(resolved));
  if (typeof value !== 'object' || value === null) return value;
  if (isSource(value)) return { source: 'literal', value: await fetchSecret(value) };
  const entries = await Promise.all(
    Object.entries(value).map(async ([key, one]) => [key, await resolved(one)] as const),
  );
  return Object.fromEntries(entries);
}

function isSource(value: object): value is SecretSource {
  const { source, ...rest } = value as Partial<SecretSource>;
  return (
    (source === 'env' || source === 'file' || source === 'cmd' || source === 'literal') &&
    Object.keys(rest).join() === 'value'
  );
}

async function fetchSecret({ source, value }: SecretSource): Promise<string> {
  const fail = (why: string) => new Failure(5, `the secret \${${source}:${value}} cannot be had: ${why}`);
  switch (source) {
    case 'literal':
      return value;
    case 'env': {
      const found = process.env[value];
      if (found === undefined) throw fail('there is no such environment variable');
      return found;
    }
    case 'file':
      return readFile(value, 'utf8').then(
        (text) => text.replace(/\n$/, ''),
        (error: NodeJS.ErrnoException) => {
          throw fail(reasonOf(error));
        },
      );
    case 'cmd':
      return promisify(execFile)('/bin/sh', ['-c', value], { timeout: 30_000 }).then(
        ({ stdout }) => stdout.replace(/\n$/, ''),
        (error: { code?: unknown }) => {
          throw fail(`the command ended with ${String(error.code ?? 'an error')}`);
        },
      );
  }
}
