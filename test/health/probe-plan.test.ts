import { describe, expect, it } from 'vitest';
import { describeProbe, probePlan } from '../../src/health/probe-plan.ts';
import { storedConfig } from '../agent/config.ts';

const HEAD = `
cluster: test
directors:
  lb1: { dip: { eth1: 10.77.1.11 } }
  lb2: { dip: { eth1: 10.77.1.12 } }
realservers:
  web1: { rip: 10.77.1.21, gateway: 10.77.1.101 }
  web2: { rip: 10.77.1.22, gateway: 10.77.1.101 }
vrrp:
  public: { vrid: 51, vips: [10.77.1.100, 10.77.1.101], prefer: [lb1, lb2] }
services:
`;
const planOf = (services: string) => probePlan(storedConfig(HEAD + services).config, 'lb1');
const described = (services: string): string[] => [...planOf(services).probes.values()].map(describeProbe);

describe('the plan of probes', () => {
  it('asks once what several services and listeners want to know', () => {
    const one = (name: string, port: number) =>
      `  ${name}: { listen: ['10.77.1.100:${port}', '10.77.1.101:${port}'], mode: dr, scheduler: rr, checks: [{ tcp: 80 }] }\n`;
    const plan = planOf(one('a', 80) + one('b', 81));
    expect([...plan.probes.values()].map(describeProbe)).toEqual(['tcp 10.77.1.21:80', 'tcp 10.77.1.22:80']);
    expect(plan.judged).toHaveLength(4);
    expect(new Set(plan.judged.flatMap(({ probes }) => probes)).size).toBe(2);
  });

  it('asks twice where the pace differs', () => {
    expect(
      described(
        "  a: { listen: '10.77.1.100:80', mode: dr, scheduler: rr, checks: [{ tcp: 80 }] }\n" +
          "  b: { listen: '10.77.1.100:81', mode: dr, scheduler: rr, checks: [{ tcp: 80, interval: 9s }] }\n",
      ),
    ).toHaveLength(4);
  });

  it('asks with every check, at the port of the check, else of the realserver, else of the listener', () => {
    const service = "  a: { listen: '10.77.1.100:80', mode: nat, scheduler: rr, CHECKED }\n";
    const checked = (text: string) => described(service.replace('CHECKED', text));
    expect(checked('realservers: [web1], checks: [{ http: / }, { tcp: 22 }]')).toEqual([
      'http 10.77.1.21:80 /',
      'tcp 10.77.1.21:22',
    ]);
    expect(checked('realservers: [{ name: web1, port: 8080 }], checks: [{ http: / }]')).toEqual([
      'http 10.77.1.21:8080 /',
    ]);
  });

  it('runs a script for each realserver, and looks at a file once', () => {
    const checks = 'checks: [{ script: [/bin/check] }, { file: /run/up }, ping]';
    const service = `  a: { listen: '10.77.1.100:80', mode: dr, scheduler: rr, ${checks} }\n`;
    expect(described(service).sort()).toEqual([
      'file /run/up',
      'ping 10.77.1.21',
      'ping 10.77.1.22',
      'script /bin/check for 10.77.1.21',
      'script /bin/check for 10.77.1.22',
    ]);
  });

  it.each([
    ['{ udp: { hex: "30fF" }, expect: "0A" }', '30ff', '0a'],
    ['{ udp: ping, expect: "0A" }', '70696e67', '3041'],
    ['{ udp: "ü" }', 'c3bc', null],
  ])('sends and expects by UDP what %s says, as bytes', (check, sendHex, expectHex) => {
    const service = `  a: { listen: '10.77.1.100:7/udp', mode: dr, scheduler: rr, realservers: [web1], checks: [${check}] }\n`;
    const [spec] = planOf(service).probes.values();
    expect(spec?.check).toMatchObject({ kind: 'udp', sendHex, expectHex });
  });

  it("gives a mail server the director's name unless the check has one", () => {
    const service = (check: string) =>
      `  a: { listen: '10.77.1.100:25', mode: dr, scheduler: rr, realservers: [web1], checks: [${check}] }\n`;
    const namesIn = (check: string) => [...planOf(service(check)).probes.values()].map((spec) => spec.check);
    expect(namesIn('smtp')).toMatchObject([{ kind: 'smtp', helo: 'lb1' }]);
    expect(namesIn('{ smtp: true, helo: lb.example }')).toMatchObject([{ kind: 'smtp', helo: 'lb.example' }]);
  });
});
