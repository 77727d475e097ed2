/**
 * What the image has beyond Debian's packages: the unit that gives a machine its identity at first boot, and nginx.
 * Nothing of lvsctl is in it.
 */
import { DISK_HEARTBEAT_FILES } from './disk-heartbeat.ts';

export const IMAGE_PACKAGES = [
  ...['systemd-sysv', 'udev', 'dbus', 'kmod', 'procps', 'iproute2', 'iputils-ping', 'iputils-arping', 'ethtool'],
  ...['openssh-server', 'sudo', 'ca-certificates', 'openssl', 'curl', 'nginx-light', 'socat', 'python3', 'libstdc++6'],
  ...['ipvsadm', 'iptables', 'nftables', 'tcpdump', 'conntrack', 'keepalived'],
] as const;

/** What would only cost time at boot (a fork costs some 10 ms in a machine), or would act on its own. */
const MASKED_UNITS = [
  ...['apt-daily.timer', 'apt-daily-upgrade.timer', 'dpkg-db-backup.timer', 'e2scrub_all.timer', 'fstrim.timer'],
  ...[
    'e2scrub_reap.service',
    'getty@.service',
    'systemd-pstore.service',

    'modprobe@.service',
  ],
  ...['systemd-udev-trigger.service', 'systemd-binfmt.service', 'systemd-update-utmp.service', 'dev-mqueue.mount'],
  ...['sys-kernel-config.mount', 'sys-fs-fuse-connections.mount'],
  ...['systemd-journal-flush.service', 'systemd-random-seed.service', 'systemd-remount-fs.service'],
  ...['kmod-static-nodes.service'],
  ...['proc-sys-fs-binfmt_misc.automount', 'systemd-ask-password-console.path', 'systemd-ask-password-wall.path'],
] as const;

/** Programs that systemd would run before anything else, looking for what a lab machine never has. */
const MASKED_GENERATORS = [
  ...['bless-boot', 'cryptsetup', 'getty', 'gpt-auto', 'hibernate-resume', 'integritysetup', 'rc-local'],
  ...['system-update', 'veritysetup'],
] as const;

/** The seed is a tar on the second disk (vm-lab/seed.ts): unpacked once, its boot script run at every boot. */
const SEED_UNIT = `[Unit]
Description=Identity and network of this lab machine
DefaultDependencies=no
After=systemd-remount-fs.service systemd-tmpfiles-setup-dev.service
Before=systemd-sysctl.service network-pre.target systemd-networkd.service sysinit.target
Wants=network-pre.target
Conflicts=shutdown.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -euc '[ -e /etc/lab/boot ] || tar -xf /dev/ubdb -C /; exec sh -eu /etc/lab/boot'

[Install]
WantedBy=sysinit.target
`;

/** The word on the console that \`lab up\` waits for. */
export const READY_WORD = 'lab-machine-ready';

const READY_UNIT = `[Unit]
Description=Tells the console that SSH and nginx serve
After=lab-seed.service ssh.service nginx.service systemd-networkd.service
Requires=lab-seed.service

[Service]
Type=oneshot
ExecStart=/bin/sh -c 'echo ${READY_WORD} >/dev/console'

[Install]
WantedBy=multi-user.target
`;

/**
 * Every address, both families: the RIP and any VIP. Keep-alive connections are held as long as a test may hold them;
 * /slow is a download that lasts half a minute, /big one that goes as fast as it can.
 */
const NGINX = `server {
  listen 80 default_server;
  listen [::]:80 default_server;
  listen 443 ssl default_server;
  listen [::]:443 ssl default_server;
  ssl_certificate /etc/nginx/lab.crt;
  ssl_certificate_key /etc/nginx/lab.key;
  access_log off;
  keepalive_timeout 1h;
  keepalive_requests 1000000;
  send_timeout 1h;
  add_header X-Host $hostname always;
  add_header X-Client $remote_addr always;
  default_type text/plain;
  location = / { return 200 "$hostname\\n"; }
  location = /index.html { return 200 "$hostname\\n"; }
  location = /big { alias /srv/lab/big; }
  location = /slow { alias /srv/lab/big; limit_rate 2m; }
}
`;

/** Debian's units load each server twice, once to see whether its settings are right. */
const WITHOUT_PRETEST = '[Service]\nExecStartPre=\n';

/** Path in the image → text. */
export const IMAGE_FILES: Readonly<Record<string, string>> = {
  ...DISK_HEARTBEAT_FILES,
  '/etc/systemd/system/lab-seed.service': SEED_UNIT,
  '/etc/systemd/system/lab-ready.service': READY_UNIT,
  '/etc/systemd/system/nginx.service.d/lab.conf': WITHOUT_PRETEST,
  '/etc/systemd/system/ssh.service.d/lab.conf': WITHOUT_PRETEST,
  '/etc/systemd/journald.conf.d/lab.conf': '[Journal]\nStorage=volatile\nRuntimeMaxUse=32M\n',
  '/etc/nginx/conf.d/lab.conf': NGINX,
  '/etc/sudoers.d/ops': 'ops ALL=(ALL) NOPASSWD: ALL\n',
};

/** Run in the image as root, once, when it is built. */
export const CUSTOMIZE = `set -eu
# No distribution's kernel has it, and its helper makes every call of iptables wait.
find /usr/lib/modules -name 'bpfilter*' -delete
depmod "$(ls /usr/lib/modules)"
useradd --create-home --shell /bin/bash ops
chmod 0440 /etc/sudoers.d/ops
touch /etc/.updated /var/.updated
# Started when somebody asks for them.
rm -f /usr/lib/systemd/system/multi-user.target.wants/systemd-logind.service
rm -f /usr/lib/systemd/system/multi-user.target.wants/dbus.service
rm -f /etc/ssh/ssh_host_* /etc/nginx/sites-enabled/default
mkdir -p /srv/lab
truncate -s 64M /srv/lab/big
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 -subj /CN=lab \\
  -keyout /etc/nginx/lab.key -out /etc/nginx/lab.crt 2>/dev/null
systemctl --quiet enable lab-seed.service lab-disk.service lab-ready.service ssh.service nginx.service
systemctl --quiet disable ipvsadm.service || :
systemctl --quiet disable keepalived.service
systemctl --quiet set-default multi-user.target
systemctl --quiet mask ${MASKED_UNITS.join(' ')}
mkdir -p /etc/systemd/system-generators
for g in ${MASKED_GENERATORS.join(' ')}; do ln -s /dev/null /etc/systemd/system-generators/systemd-$g-generator; done
`;
