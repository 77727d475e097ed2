/** The keepalived.conf that asks what the topology asks: the same realservers, as often, by the same kind of check. */
import { portOf, ripOf } from '../director/topology.ts';
import type { Kind } from './figures.ts';

export function keepalivedText(kind: Kind, services: number, realservers: number): string {
  const lines = (count: number, line: (index: number) => string) =>
    Array.from({ length: count }, (_, index) => line(index));
  return [
    'global_defs { router_id bench }',
    ...lines(services, (service) =>
      [
        `virtual_server 10.77.1.100 ${portOf(service)} {`,
        '  delay_loop 1',
        '  lb_algo wlc',
        '  lb_kind DR',
        '  protocol TCP',
        ...lines(realservers, (index) => realServer(kind, ripOf(service * realservers + index), portOf(service))),
        '}',
      ].join('\n'),
    ),
    '',
  ].join('\n');
}

function realServer(kind: Kind, rip: string, port: number): string {
  const timers = 'connect_timeout 2\n      retry 2\n      delay_before_retry 1\n      warmup 1';
  const check =
    kind === 'tcp'
      ? `TCP_CHECK {\n      connect_port 80\n      ${timers}\n    }`
      : `HTTP_GET {\n      url {\n        path /index.html\n        status_code 200\n      }\n      connect_port 80\n      ${timers}\n    }`;
  return `  real_server ${rip} ${port} {\n    weight 1\n    inhibit_on_failure\n    ${check}\n  }`;
}
