/**
 * What makes a machine out of the image: a tar on its second disk with its host key, who may log in, its network and,
 * in the hostile profile, its firewall. Unpacked at first boot; the boot script runs at every boot.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { address6Of, addressOf, interfaceOf, isDirector, type Machine, NETWORKS, type Profile } from './layout.ts';

export interface Identity {
  readonly machine: Machine;
  readonly profile: Profile;
  /** The private host key, OpenSSH format. */
  readonly hostKey: string;
  /** The public key that may log in, as `ops` and as root. */
  readonly loginKey: string;
}

/** Path on the machine → text. */
export function seedFiles(identity: Identity): Record<string, string> {
  return {
    '/etc/hostname': `${identity.machine}\n`,
    '/etc/hosts': `127.0.0.1 localhost\n::1 localhost\n127.0.1.1 ${identity.machine}\n`,
    '/etc/ssh/ssh_host_ed25519_key': identity.hostKey,
    '/root/.ssh/authorized_keys': identity.loginKey,
    '/home/ops/.ssh/authorized_keys': identity.loginKey,
    '/etc/lab/boot': bootScript(identity),
    ...(identity.profile === 'hostile' ? hostileFiles(identity.machine) : {}),
  };
}

/** Writes the seed's tar. Every file is root's and closed to others; sshd takes keys from a folder that is root's too. */
export async function writeSeed(identity: Identity, folder: string): Promise<string> {
  const root = join(folder, 'seed');
  for (const [path, text] of Object.entries(seedFiles(identity))) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  const tar = join(folder, 'seed.tar');
  const paths = Object.keys(seedFiles(identity)).map((path) => `.${path}`);
  await execa('tar', ['-cf', tar, '--owner=0', '--group=0', '--mode=u=rw,go=r', '-C', root, ...paths]);
  return tar;
}

/** The kernel calls the interfaces vec0 to vec2. */
function bootScript({ machine, profile }: Identity): string {
  const lines = NETWORKS.flatMap((network, index) => [
    `link set vec${index} name ${interfaceOf(network)}`,
    ...(profile === 'hostile'
      ? []
      : [
          `addr add ${addressOf(machine, network)}/24 brd + dev ${interfaceOf(network)}`,
          `addr add ${address6Of(machine, network)}/64 dev ${interfaceOf(network)} nodad`,
          `link set ${interfaceOf(network)} up`,
        ]),
  ]);
  const identity = `chmod 0600 /etc/ssh/ssh_host_ed25519_key
chmod 0700 /root/.ssh
hostname ${machine}
modprobe ipv6
ip -batch - <<END
${lines.join('\n')}
END
${isDirector(machine) ? UNMERGED : ''}`;
  return profile === 'hostile' ? `${identity}${HOSTILE_BOOT}` : identity;
}

/** Packets that were merged on their way in leave the UML network driver with wrong data when a director forwards them. */
const UNMERGED = `for i in ${NETWORKS.map(interfaceOf).join(' ')}; do ethtool -K $i gro off; done
`;

const HOSTILE_BOOT = `for i in all default ${NETWORKS.map(interfaceOf).join(' ')}; do
  echo 1 >/proc/sys/net/ipv4/conf/$i/rp_filter
done
iptables-legacy-restore </etc/lab/firewall
systemctl --no-block start systemd-networkd.service
`;

/** Debian's own sysctl.d says 2 (loose) for each interface; the larger of all and the interface wins, so both are set. */
function hostileFiles(machine: Machine): Record<string, string> {
  const sysctls = ['all', 'default', ...NETWORKS.map(interfaceOf)].map((name) => `net.ipv4.conf.${name}.rp_filter = 1`);
  const units = NETWORKS.map((network) => {
    const text = `[Match]\nName=${interfaceOf(network)}\n\n[Network]\nAddress=${addressOf(machine, network)}/24\nIPv6AcceptRA=no\n`;
    return [`/etc/systemd/network/10-${network}.network`, text];
  });
  return {
    '/etc/sysctl.d/90-hostile.conf': `${sysctls.join('\n')}\n`,
    '/etc/lab/firewall': firewall(machine),
    ...Object.fromEntries(units),
  };
}

/** What an administrator had opened before anyone thought of a cluster: SSH, ping, and the web servers' own ports. */
function firewall(machine: Machine): string {
  const web = isDirector(machine) ? [] : ['-A INPUT -p tcp -m multiport --dports 80,443 -j ACCEPT'];
  return `${[
    '*filter',
    ':INPUT DROP [0:0]',
    ':FORWARD ACCEPT [0:0]',
    ':OUTPUT ACCEPT [0:0]',
    '-A INPUT -i lo -j ACCEPT',
    '-A INPUT -m conntrack --ctstate INVALID -j DROP',
    '-A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT',
    '-A INPUT -p icmp -j ACCEPT',
    `-A INPUT -i ${interfaceOf('mgmt')} -p tcp --dport 22 -j ACCEPT`,
    ...web,
    'COMMIT',
  ].join('\n')}\n`;
}
