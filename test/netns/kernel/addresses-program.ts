/** Links, addresses, lifetimes and events, on the kernel that runs this; alone in a network namespace. */
import { execFileSync } from 'node:child_process';
import type { AddressRequest } from '../../../src/kernel/addresses.ts';
import { systemClock } from '../../../src/kernel/clock.ts';
import { openIpvs } from '../../../src/kernel/netlink-ipvs.ts';
import { openFrameSender } from '../../../src/kernel/packet-frame-sender.ts';
import { loadRawio } from '../../../src/kernel/rawio.ts';
import { openAddresses } from '../../../src/kernel/rtnetlink-addresses.ts';
import { openFirewall } from '../../../src/kernel/system-firewall.ts';
import type { Address } from '../../../src/wire/address.ts';
import { ip, report, until } from './namespace.ts';

const result: Record<string, unknown> = {};
const rawio = loadRawio();
const addresses = openAddresses(rawio);
const vip: AddressRequest = {
  interface: 'v0',
  address: '10.1.1.100' as Address,
  prefixLength: 32,
  scope: 'global',
  label: 'v0:vip',
  broadcast: '10.1.1.255' as Address,
  validSeconds: 2,
};
const find = (address: string) => addresses.addresses().find((one) => one.address === address);
const events: string[] = [];

ip('link add v0 address 02:00:00:00:00:01 type veth peer name v1 address 02:00:00:00:00:02');
addresses.watch({
  onLink: (link, change) => events.push(`link ${change} ${link.name} ${link.running ? 'running' : 'down'}`),
  onAddress: (one, change) => events.push(`address ${change} ${one.address}/${one.prefixLength}`),
  onLost: () => events.push('lost'),
});

// Links
const running = (): boolean => addresses.links().some(({ name, running }) => name === 'v0' && running);
ip('link set v0 up');
ip('link set v1 up');
await until('v0 running', running);
result['link'] = addresses.links().find(({ name }) => name === 'v0');
const frames = openFrameSender(rawio, addresses);
result['mac'] = [...(frames.macOf('v0') ?? [])];
result['noMac'] = frames.macOf('lo') === undefined && frames.macOf('nope') === undefined;

// Lifetimes
const addedAtMs = systemClock.now();
result['added'] = addresses.add(vip)?.message ?? null;
const first = find(vip.address);
result['first'] = first;
result['shownByIp'] = execFileSync('ip', ['-o', 'address', 'show', 'dev', 'v0'], { encoding: 'utf8' });
result['stampAgeMs'] = addedAtMs - (first?.refreshedAtMs ?? 0);
while (systemClock.now() < addedAtMs + 3500) {
  await new Promise((resolve) => systemClock.setTimer(systemClock.now() + 500, () => resolve(undefined)));
  addresses.add(vip);
}
const refreshed = find(vip.address);
result['kept'] = refreshed !== undefined;
result['renewedMs'] = (refreshed?.refreshedAtMs ?? 0) - (first?.refreshedAtMs ?? 0);
result['createdUnchanged'] = refreshed?.createdAtMs === first?.createdAtMs;
await until('the VIP is gone', () => find(vip.address) === undefined);
result['livedAfterLastRefreshMs'] = systemClock.now() - addedAtMs - 3500;
await until('its end is told', () => events.includes('address deleted 10.1.1.100/32'));

// IPv6, for ever, removal
const v6 = {
  ...vip,
  address: '2001:db8::100' as Address,
  prefixLength: 128,
  label: null,
  broadcast: null,
  validSeconds: null,
};
result['v6'] = [addresses.add(v6)?.message ?? null, find(v6.address)];
await until('it is told', () => events.includes('address new 2001:db8::100/128'));
result['removed'] = [addresses.remove(v6)?.message ?? null, find(v6.address) === undefined];
result['removedAgain'] = addresses.remove(v6)?.message ?? null;

// Refusals
result['noInterface'] = addresses.add({ ...vip, interface: 'nope' })?.message;
result['badPrefix'] = addresses.add({ ...vip, prefixLength: 33 })?.message;
ip('link del v0');
await until('the end of v0 is told', () => events.includes('link deleted v0 down'));
result['events'] = events;

// This machine's kernel may lack ip_vs: then the error says so; the lab has it for certain.
result['ipvs'] = await openIpvs(rawio)
  .read()
  .then(
    () => 'loaded',
    (error: unknown) => String(error),
  );

// nftables
const rules = [
  { address: '10.0.0.1' as Address, protocol: 'tcp', port: 80, mark: 5 },
  { address: '10.0.0.1' as Address, protocol: 'tcp', port: 80, mark: 0x4c56_ffff, midstream: true },
  { address: '10.0.0.2' as Address, protocol: 'tcp', port: 0, mark: 0x4c56_ffff, midstream: true },
  { address: '2001:db8::1' as Address, protocol: 'udp', port: 0, mark: 0x4c56_0001 },
] as const;
const firewall = openFirewall();
const nft = (...words: string[]): string => execFileSync('nft', words, { encoding: 'utf8' });
nft('add table inet other');
result['firewall'] = {
  before: await firewall.read(),
  applied: [await firewall.apply(rules), await firewall.apply(rules)].map((error) => error?.message ?? null),
  read: await firewall.read(),
  holds: await firewall.holds(rules),
  listing: nft('list', 'table', 'inet', 'lvs_agent'),
};
nft('add', 'rule', 'inet', 'lvs_agent', 'prerouting', 'tcp', 'dport', '25', 'accept');
result['disturbed'] = await firewall.holds(rules);
result['mended'] = [(await firewall.apply(rules))?.message ?? null, await firewall.holds(rules)];
result['emptied'] = [(await firewall.apply([]))?.message ?? null, nft('list', 'tables').trim()];
frames.close();
addresses.close();
report(result);
