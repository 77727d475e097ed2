/** Checks whose options do not fit their kind. */
import { type Address, familyOf, parseAddress } from '../../wire/address.ts';
import type { CheckConfig } from '../service.ts';

type Problem = readonly [message: string, expected: string];

/** @param realserver - the address that is probed unless the check names one */
export function targetProblem({ kind, target }: CheckConfig, realserver: Address): Problem | undefined {
  const { address, port, from, mark } = target;
  const given = (keys: Readonly<Record<string, boolean>>): string =>
    Object.keys(keys)
      .filter((key) => keys[key])
      .map((key) => `\`${key}\``)
      .join(', ');
  if (kind === 'file') {
    const useless = given({ connect: address !== null, port: port !== null, from: from !== null, mark: mark !== null });
    return useless === ''
      ? undefined
      : [`a file is looked at on the director: ${useless} would do nothing`, 'the path and the timing'];
  }
  if (kind === 'script') {
    const useless = given({ port: port !== null, from: from !== null, mark: mark !== null });
    return useless === ''
      ? undefined
      : [`a script makes its own connections: ${useless} would do nothing`, 'arguments of the command'];
  }
  if (kind === 'ping' && (port !== null || (from !== null && from.port !== 0)))
    return ['an echo request has no port', 'no port'];
  const probed = address ?? realserver;
  if (from === null || from.address === null || familyOf(from.address) === familyOf(probed)) return undefined;
  return [`${probed} cannot be probed from ${from.address}: it is of the other family`, 'addresses of one family'];
}

/** An address that no record of the type can hold. */
export function expectProblem(check: CheckConfig): Problem | undefined {
  if (check.kind !== 'dns' || check.expect === null || (check.type !== 'A' && check.type !== 'AAAA')) return undefined;
  const family = check.type === 'A' ? 4 : 6;
  const found = parseAddress(check.expect);
  if (found !== undefined && familyOf(found) === family) return undefined;
  const other = check.type === 'A' ? 'AAAA' : 'A';
  return [
    `a record of type ${check.type} never holds '${check.expect}'`,
    `an IPv${family} address${found === undefined ? '' : `, or type: ${other}`}`,
  ];
}
