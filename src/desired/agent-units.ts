/**
 * The two units of a director. lvs-agent is the supervisor (checks, IPVS, scripts, the control socket); lvs-vrrp speaks VRRP
 * with real-time priority and starts nothing. Each may die and come back alone. Stopping the first for good stops the second
 * too, by its ExecStop: PartOf would restart the VRRP process whenever systemd starts a crashed agent again (systemd queues
 * a restart for that), and PropagatesStopTo needs systemd 249.
 */
import { PATHS } from './managed.ts';

export const AGENT_UNIT = 'lvs-agent.service';
export const VRRP_UNIT = 'lvs-vrrp.service';
export const SCRIPT_USER = 'lvs-script';

export const AGENT = {
  root: '/opt/lvs-agent',
  releases: '/opt/lvs-agent/releases',
  current: '/opt/lvs-agent/current',
  command: '/usr/local/sbin/lvs-agent',
  config: '/var/lib/lvs-agent/config.json',
  exchangeKey: '/var/lib/lvs-agent/exchange.key',
  holds: '/var/lib/lvs-agent/holds.json',
  controlSocket: '/run/lvs-agent/control.sock',
  vrrpSocket: '/run/lvs-agent/vrrp.sock',
  /** Its presence at SIGTERM means: for good, so give the addresses away. */
  handover: '/run/lvs-agent/handover',
} as const;

/**
 * What both units share. Memory stays writable and executable (the JIT), the runtime folder outlives both (the other one's
 * socket is in it), and a unit that dies is started again for ever.
 */
const SHARED = `Restart=always
RestartSec=100ms
RuntimeDirectory=lvs-agent
RuntimeDirectoryMode=0700
RuntimeDirectoryPreserve=yes
StateDirectory=lvs-agent
StateDirectoryMode=0700
UMask=0077
MemorySwapMax=0
NoNewPrivileges=yes
ProtectSystem=full
ProtectHome=read-only
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes
RestrictNamespaces=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native
RestrictAddressFamilies=AF_UNIX AF_NETLINK AF_PACKET AF_INET AF_INET6`;

/**
 * ExecStop runs at a restart too; the list of jobs tells a stop, which leaves a mark, from a restart, after which the next
 * process adopts what is there. It does not run when the process dies.
 */
function atStopOf(unit: string, more = ''): string {
  const job = `${unit.replace('.', '[.]')} +(re)?start`;
  return `systemctl list-jobs --no-legend | grep -Eq "${job}" || { : >${AGENT.handover}${more}; }`;
}

/** Without the unit's sandbox (`+`): to set that up again for a moment takes a director longer than all the rest of a stop. */
function shell(script: string): string {
  return `+/bin/sh -c '${script}'`;
}

export function agentUnitBody(): string {
  return `[Unit]
Description=LVS agent: health checks, IPVS and the control socket
After=network.target systemd-modules-load.service systemd-sysctl.service
Wants=${VRRP_UNIT}
StartLimitIntervalSec=0

[Service]
Type=notify
NotifyAccess=main
WatchdogSec=30
TimeoutStartSec=60
TimeoutStopSec=20
# Commands of notify get the time that the agent gives them; it ends them itself.
KillMode=mixed
ExecStartPre=-+${PATHS.directorScript}
ExecStart=${AGENT.current}/node ${AGENT.current}/agent.mjs --config ${AGENT.config} --socket ${AGENT.controlSocket} --vrrp-socket ${AGENT.vrrpSocket}
ExecStop=${shell(atStopOf(AGENT_UNIT, `; systemctl stop --no-block ${VRRP_UNIT}`))}
RestrictRealtime=yes
# IPVS, raw sockets and low ports; starting scripts as ${SCRIPT_USER} (they keep none of these) and ending them.
CapabilityBoundingSet=CAP_NET_ADMIN CAP_NET_RAW CAP_NET_BIND_SERVICE CAP_SETUID CAP_SETGID CAP_SETPCAP CAP_KILL
# sloppy_tcp and others while a hand-over lasts; there only where ip_vs is loaded.
ReadWritePaths=-/proc/sys/net/ipv4/vs
${SHARED}

[Install]
WantedBy=multi-user.target
`;
}

/**
 * Two processes of it, one of which waits for the other's end (src/native/twin.c); a reload brings in a new release without a
 * gap. Real time is bounded: a loop that runs wild is killed rather than left to freeze a processor. SIGTERM goes to twin
 * alone, which passes it on once.
 */
export function vrrpUnitBody(): string {
  return `[Unit]
Description=LVS agent: VRRP
After=network.target
StartLimitIntervalSec=0

[Service]
Type=notify
NotifyAccess=all
KillMode=mixed
WatchdogSec=10
TimeoutStartSec=60
# A hand-over takes 5 s at most.
TimeoutStopSec=10
ExecStartPre=-/bin/rm -f ${AGENT.handover}
ExecStart=${AGENT.current}/twin ${AGENT.current}/node --max-semi-space-size=1 --max-old-space-size=64 ${AGENT.current}/vrrp.mjs --config ${AGENT.config} --socket ${AGENT.vrrpSocket} --in-turn
ExecReload=/bin/kill -HUP $MAINPID
# Mostly lvs-agent has left the mark. What looks for itself must not keep the unit's priority: on one processor the kernel's
# own thread for packets (ksoftirqd, ordinary priority) would wait for it.
ExecStop=${shell(`[ -e ${AGENT.handover} ] || { chrt -o -p 0 $$$$; ${atStopOf(VRRP_UNIT)}; }`)}
CPUSchedulingPolicy=rr
CPUSchedulingPriority=50
LimitRTPRIO=50
LimitRTTIME=10s
OOMScoreAdjust=-900
CapabilityBoundingSet=CAP_NET_ADMIN CAP_NET_RAW
${SHARED}
`;
}
