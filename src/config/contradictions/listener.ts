/** What clients connect to: one service a listener, one service a mark. */
import { familyOf } from '../../wire/address.ts';
import { isProbeMark } from '../resolve/mark.ts';
import type { Listener, ServiceConfig } from '../service.ts';
import type { Context, Rule } from './rule.ts';

export function listenerText({ address, port, protocol }: Listener): string {
  return `${familyOf(address) === 6 ? `[${address}]` : address}:${port}/${protocol}`;
}

function listenersDiffer({ config, report }: Context): void {
  const seen = new Map<string, string>();
  for (const { name, listen } of config.services) {
    for (const [index, listener] of listen.entries()) {
      const key = listenerText(listener);
      const other = seen.get(key);
      const whose = other === name ? 'stands here twice' : `is the listener of service ${other} already`;
      if (other !== undefined) report(['services', name, 'listen', index], `${key} ${whose}`);
      seen.set(key, name);
    }
  }
}

function marksDiffer({ config, report }: Context): void {
  const seen = new Map<number, string>();
  const { probeMarks } = config.ipvs;
  for (const { name, mark } of config.services) {
    if (mark === null) continue;
    const other = seen.get(mark);
    if (other !== undefined) {
      report(['services', name, 'fwmark'], `mark ${mark} is that of service ${other} already`, {
        expected: 'another mark, or auto',
      });
    }
    seen.set(mark, name);
    if (isProbeMark(mark, probeMarks)) {
      const range = `0x${probeMarks.base.toString(16)}/${probeMarks.prefixLength}`;
      report(
        ['services', name, 'fwmark'],
        `mark ${mark} (0x${mark.toString(16)}) lies in the range of probes ${range}`,
        {
          expected: 'a mark outside ipvs.probe_marks',
        },
      );
    }
  }
}

function listenersFit({ config, report }: Context): void {
  for (const service of config.services) {
    const { name, listen, persistence, onePacket } = service;
    for (const [index, { port, protocol }] of listen.entries()) {
      const steps = ['services', name, 'listen', index];
      // ip_vs_ctl.c, do_ip_vs_set_ctl: port 0 needs the persistent flag.
      if (port === 0 && persistence === null) {
        report(steps, 'port 0 (any port) needs `persistence`', { expected: 'a port, or persistence' });
      }
      if (onePacket && protocol !== 'udp') {
        report(['services', name, 'one_packet'], `one_packet is for UDP, and this service listens on ${protocol}`);
      }
    }
    familiesFit(service, report);
  }
}

function familiesFit({ name, listen, mark, persistence }: ServiceConfig, report: Context['report']): void {
  const families = new Set(listen.map(({ address }) => familyOf(address)));
  if (mark !== null && families.size > 1) {
    report(['services', name, 'listen'], 'one mark cannot stand for IPv4 and IPv6', { expected: 'a service for each' });
  }
  if (persistence !== null && families.has(4) && persistence.netmask > 32) {
    const steps = ['services', name, 'persistence', 'netmask'];
    report(steps, `/${persistence.netmask} is longer than an IPv4 address`, { expected: 'at most 32' });
  }
}

export const LISTENER_RULES: readonly Rule[] = [
  { needs: [], check: listenersDiffer },
  { needs: ['ipvs'], check: marksDiffer },
  { needs: [], check: listenersFit },
];
