/** Tunnels of realservers as data: what is wanted, what is there, the commands as people read them, or why there are none. */
import { describe, expect, it } from 'vitest';
import type { ServiceConfig } from '../../src/config/service.ts';
import { wantedHosts } from '../../src/desired/hosts.ts';
import { NOTHING_PLACED, type Wanted } from '../../src/desired/wanted.ts';
import type { HostFacts } from '../../src/facts/host.ts';
import { decide } from '../../src/operations/all.ts';
import { kernelProblems } from '../../src/operations/kernel-version.ts';
import { growing } from '../../src/operations/phase.ts';
import { addTunnels, losesTunnel, removeTunnels } from '../../src/operations/tunnels.ts';
import { renderForPeople } from '../../src/shell/render.ts';
import { topology } from '../desired/topology.ts';
import { address, CONTEXT, freshFacts, satisfied } from './facts.ts';

const web1 = (tunnel: ServiceConfig['tunnel']): Wanted => {
  const config = topology('tun');
  const services = config.services.map((service) => ({ ...service, tunnel }));
  return wantedHosts({ ...config, services }).find(({ host }) => host === 'web1')!;
};
const ipip = web1({ type: 'ipip', port: 6080, checksum: true });
const gue = web1({ type: 'gue', port: 6080, checksum: true });
const gre = web1({ type: 'gre', port: 6080, checksum: true });
const bare = web1({ type: 'gre', port: 6080, checksum: false });
const nothing: Wanted = { ...ipip, sysctls: {}, placed: NOTHING_PLACED };

function commands(wanted: Wanted, facts: HostFacts): string[] {
  const { steps } = decide(wanted, facts, CONTEXT);
  const told = steps.flatMap((step) => ('commands' in step ? step.commands.map(renderForPeople) : []));
  return told.filter((line) => /^(ip|sysctl|modprobe) /.test(line));
}

function told(operation: typeof addTunnels, wanted: Wanted, facts: HostFacts) {
  const outcome = operation.decide(wanted, facts, CONTEXT);
  return 'nothing' in outcome ? outcome.nothing : outcome.commands.map(renderForPeople);
}

describe('tunnels', () => {
  it('come after their modules, and before sysctls and VIPs on them', () => {
    const modules = { ipip: 'available', fou: 'available', ip_gre: 'available' } as const;
    expect(commands({ ...gre, sysctls: { 'net.ipv4.conf.lvs-gre.rp_filter': '2' } }, freshFacts({ modules }))).toEqual([
      'modprobe -a ip_gre',
      'ip link add lvs-gre type gre local 10.77.1.21 icsum',
      'ip link set lvs-gre up',
      'sysctl -q -w net.ipv4.conf.lvs-gre.rp_filter=2',
      'ip addr add 10.77.1.102/32 dev lvs-gre scope host',
    ]);
    expect(told(addTunnels, gue, freshFacts())).toEqual(['ip link set tunl0 up', 'ip fou add port 6080 gue']);
  });

  it('set the sysctls of a device that is made while its module is loaded already', () => {
    const facts = freshFacts({ modules: { ip_gre: 'loaded' } });
    expect(commands(gre, facts).join('\n')).toContain('net.ipv4.conf.lvs-gre.rp_filter=2');
  });

  it.each([ipip, gue, gre, bare])('are left alone where they are there (%#)', (wanted) => {
    const facts = satisfied(wanted);
    expect(told(addTunnels, wanted, facts)).toBe('every tunnel is there');
    expect(decide(wanted, facts, CONTEXT)).toMatchObject({ changes: [], steps: [] });
  });

  it('bring a device up that is down', () => {
    const facts = { ...satisfied(gre), tunnels: { guePorts: [], gre: { ...gre.placed.gre!, isUp: false } } };
    expect(told(addTunnels, gre, facts)).toEqual(['ip link set lvs-gre up']);
  });

  it.each([
    ['takes another kind of packets', bare],
    [
      'has another address',
      { ...gre, placed: { ...gre.placed, gre: { ...gre.placed.gre!, local: address('10.77.1.9') } } },
    ],
  ])('make a device anew that %s, with all that goes with it', (_title, wanted) => {
    const local = wanted.placed.gre!.local;
    expect(commands(wanted, satisfied(gre))).toEqual([
      'ip link del lvs-gre',
      `ip link add lvs-gre type gre local ${local}${wanted.placed.gre!.checksum ? ' icsum' : ''}`,
      'ip link set lvs-gre up',
      'sysctl -q -w net.ipv4.conf.lvs-gre.rp_filter=2',
      'ip addr add 10.77.1.102/32 dev lvs-gre scope host',
    ]);
  });

  it('grow beside each other, and what is no longer wanted goes at the end', () => {
    const facts = { ...satisfied(gue), originals: gue.sysctls };
    const grown = growing(gre, facts);
    expect(grown.placed).toMatchObject({ tunnel: true, guePorts: [6080], gre: gre.placed.gre });
    expect(grown.placed.vips.map(({ device }) => device)).toEqual(['lvs-gre', 'tunl0']);
    expect(told(removeTunnels, grown, facts)).toBe('no former tunnel is left');
    expect(told(removeTunnels, gre, facts)).toEqual(['ip link set tunl0 down', 'ip fou del port 6080']);
    expect(losesTunnel(gre.placed, gue.placed)).toBe(true);
    expect(losesTunnel(gue.placed, gue.placed)).toBe(false);
  });

  it('are taken away, and only where lvsctl has placed them', () => {
    expect(told(removeTunnels, nothing, satisfied(gre))).toEqual(['ip link del lvs-gre']);
    expect(losesTunnel(NOTHING_PLACED, gre.placed)).toBe(true);
    for (const wanted of [ipip, gue, gre])
      expect(told(removeTunnels, nothing, { ...satisfied(wanted), placed: NOTHING_PLACED })).toBe(
        'no former tunnel is left',
      );
  });
});

describe('the version of a kernel', () => {
  const needs = [{ what: 'service web is tunnelled by gre', atLeast: [5, 3] }] as const;
  const problems = (kernel: string) => kernelProblems(needs, { ...freshFacts().system, kernel });

  it.each(['5.3.0', '5.10.0-28-amd64', '6.1.176', '10.0', ''])('%j will do', (kernel) => {
    expect(problems(kernel)).toEqual([]);
  });

  it.each(['5.2.21', '4.19.0-26-amd64', '3.10.0'])('%j is too old', (kernel) => {
    expect(problems(kernel)).toEqual([
      `service web is tunnelled by gre, for which IPVS needs Linux 5.3, and this is ${kernel}; upgrade it, or use \`tunnel: { type: ipip }\`.`,
    ]);
  });
});
