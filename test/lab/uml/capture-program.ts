/** Runs inside User-Mode Linux: what ipvsadm and ip say to the kernel and what it answers, recorded by strace (this machine's). */
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const LIBRARIES = '/host/usr/lib/x86_64-linux-gnu:/host/lib/x86_64-linux-gnu:/host/usr/lib/aarch64-linux-gnu';

/** In this order: later ones need what the earlier made. */
const COMMANDS = [
  'ipvsadm -A -t 10.0.0.1:80 -s wrr',
  'ipvsadm -A -t [2001:db8::1]:443 -s sh -b sh-fallback,sh-port -p 300 -M 64',
  'ipvsadm -A -f 5 -s wlc -p 60 -M 255.255.255.0',
  'ipvsadm -A -u 10.0.0.1:53 -s rr -o',
  'ipvsadm -E -t 10.0.0.1:80 -s wlc',
  'ipvsadm -a -t 10.0.0.1:80 -r 10.0.0.21:80 -g -w 2',
  'ipvsadm -a -t 10.0.0.1:80 -r 10.0.0.22:8080 -m -x 100 -y 80',
  'ipvsadm -a -t 10.0.0.1:80 -r 10.0.0.23:80 -i --tun-type gue --tun-port 6080 --tun-csum',
  'ipvsadm -e -t 10.0.0.1:80 -r 10.0.0.21:80 -g -w 0',
  'ipvsadm -a -t [2001:db8::1]:443 -r [2001:db8::21]:443 -g -w 1',
  'ipvsadm -Sn',
  'ipvsadm -d -t 10.0.0.1:80 -r 10.0.0.22:8080',
  'ipvsadm -D -f 5',
  'ipvsadm -A -t 10.0.0.9:80 -s nonesuch',
  'ipvsadm --set 900 120 300',
  'ipvsadm -L --timeout',
  'ipvsadm --start-daemon master --mcast-interface dummy0 --syncid 7 --sync-maxlen 64 --mcast-group 224.0.0.81 --mcast-port 8848 --mcast-ttl 1',
  'ipvsadm -L --daemon',
  'ip address add 10.1.1.100/32 dev dummy0 label dummy0:vip broadcast 10.1.1.255 valid_lft 30 preferred_lft 30',
  'ip address add 10.1.1.100/32 dev dummy0',
  'ip -6 address add 2001:db8::100/128 dev dummy0 nodad valid_lft forever preferred_lft 0',
  'ip address show dev dummy0',
  'ip link show dev dummy0',
  'ip link add name vrrp.51 link dummy0 address 00:00:5e:00:01:33 type macvlan mode vepa',
  'ip link set dev vrrp.51 alias ours',
  'ip link set dev vrrp.51 addrgenmode none',
  'ip link set dev vrrp.51 up',
  'ip -d link show dev vrrp.51',
  'ip link del dev vrrp.51',
] as const;

interface Exchange {
  readonly request: string;
  readonly answers: string[];
}

/** Datagrams in hexadecimal; looks ahead (MSG_PEEK) are left out. */
function exchanges(trace: string): Exchange[] {
  const found: Exchange[] = [];
  for (const call of trace.split(/\n(?=\w)/)) {
    if (!/^(sendmsg|sendto|recvmsg)\(/.test(call) || /MSG_PEEK/.test(call)) continue;
    const hex = [...call.matchAll(/^ \| [0-9a-f]{5} {2}((?:[0-9a-f]{2} {1,2})+)/gm)]
      .map(([, bytes = '']) => bytes.replaceAll(' ', ''))
      .join('');
    if (call.startsWith('recv')) found.at(-1)?.answers.push(hex);
    else found.push({ request: hex, answers: [] });
  }
  return found;
}

/** nlmsghdr's type is nlctrl (0x10): ipvsadm asks for the family's number three times a run; the first command keeps them. To rtnetlink it is RTM_NEWLINK. */
const isFamilyLookup = ({ request }: Exchange): boolean => request.slice(8, 12) === '1000';

execFileSync('modprobe', ['-a', 'ip_vs', 'dummy', 'macvlan']);
for (const words of ['link add dummy0 address 02:00:00:00:00:01 type dummy', 'link set dummy0 up']) {
  execFileSync('ip', words.split(' '));
}
const recorded = COMMANDS.map((command) => {
  const strace = [
    '-o',
    '/tmp/trace',
    '-s',
    '0',
    '-e',
    'trace=sendmsg,sendto,recvmsg',
    '-e',
    'write=all',
    '-e',
    'read=all',
  ];
  spawnSync('/host/usr/bin/strace', [...strace, ...command.split(' ')], {
    env: { ...process.env, LD_LIBRARY_PATH: LIBRARIES },
  });
  const all = exchanges(readFileSync('/tmp/trace', 'utf8'));
  const isWhole = command === COMMANDS[0] || command.startsWith('ip ');
  return { command, exchanges: isWhole ? all : all.filter((one) => !isFamilyLookup(one)) };
});
console.log(`RESULT ${JSON.stringify(recorded)}`);
