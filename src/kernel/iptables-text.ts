/** Our chain as text for `iptables-legacy-restore --noflush`, and back from `iptables-legacy-save`. Pure. */
import { familyOf, hostPrefix, parseAddress } from '../wire/address.ts';
import type { MarkRule } from './firewall.ts';

export const IPTABLES_CHAIN = 'LVS-AGENT';
const JUMP = `PREROUTING -j ${IPTABLES_CHAIN}`;

/**
 * One transaction on the mangle table (iptables-restore commits a table as a whole): our chain written anew, and the jump to it
 * if `saved` (what `iptables-legacy-save -t mangle` told) has none. Without rules chain and jump go.
 * @returns undefined when nothing of ours is to be written or removed.
 */
export function iptablesScript(rules: readonly MarkRule[], saved: string): string | undefined {
  const lines = saved.split('\n');
  const hasChain = lines.some((line) => line.startsWith(`:${IPTABLES_CHAIN} `));
  const jumps = lines.filter((line) => line === `-A ${JUMP}`).length;
  if (rules.length === 0 && !hasChain) return undefined;
  const removals = rules.length === 0 ? jumps : Math.max(0, jumps - 1);
  return [
    '*mangle',
    // With --noflush this empties a chain that is there already.
    `:${IPTABLES_CHAIN} - [0:0]`,
    ...rules.map((rule) => `-A ${IPTABLES_CHAIN} ${iptablesRule(rule)}`),
    ...Array.from({ length: removals }, () => `-D ${JUMP}`),
    ...(rules.length > 0 && jumps === 0 ? [`-A ${JUMP}`] : []),
    ...(rules.length === 0 ? [`-X ${IPTABLES_CHAIN}`] : []),
    'COMMIT',
    '',
  ].join('\n');
}

/** As iptables-save writes it, so that text compares. */
function iptablesRule({ address, protocol, port, mark, midstream }: MarkRule): string {
  const options = [...(port === 0 ? [] : [`--dport ${port}`]), ...(midstream ? [MIDSTREAM] : [])];
  const match = options.length === 0 ? '' : ` -m ${protocol} ${options.join(' ')}`;
  return `-d ${address}/${hostPrefix(address)} -p ${protocol}${match} -j MARK --set-xmark 0x${mark.toString(16)}/0xffffffff`;
}

/** What `! --syn` is saved as. */
const MIDSTREAM = '! --tcp-flags FIN,SYN,RST,ACK SYN';
const RULE = new RegExp(
  String.raw`^-d ([0-9a-f.:]+)/(\d+) -p (tcp|udp|sctp)(?: -m \3(?: --dport (\d+))?( ${MIDSTREAM})?)? -j MARK --set-xmark 0x([0-9a-f]+)/0xffffffff$`,
);

/** The rules of our chain, in order; undefined stands for one that we did not write, and for a jump that is missing. */
export function parseIptablesRules(saved: string): (MarkRule | undefined)[] {
  const lines = saved.split('\n');
  const prefix = `-A ${IPTABLES_CHAIN} `;
  const rules = lines.filter((line) => line.startsWith(prefix)).map((line) => parseRule(line.slice(prefix.length)));
  return rules.length > 0 && !lines.includes(`-A ${JUMP}`) ? [undefined, ...rules] : rules;
}

function parseRule(text: string): MarkRule | undefined {
  const [, addressText = '', prefix, protocolText, port = '0', flags, mark = ''] = RULE.exec(text) ?? [];
  const address = parseAddress(addressText);
  const protocol = (['tcp', 'udp', 'sctp'] as const).find((one) => one === protocolText);
  if (address === undefined || protocol === undefined || Number(prefix) !== hostPrefix(address)) return undefined;
  const rule = { address, protocol, port: Number(port), mark: Number.parseInt(mark, 16) };
  return flags === undefined ? rule : { ...rule, midstream: true };
}

/** The rules of one family. */
export function ofFamily(rules: readonly MarkRule[], family: 4 | 6): readonly MarkRule[] {
  return rules.filter(({ address }) => familyOf(address) === family);
}
