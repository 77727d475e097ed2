/** The unit that makes a realserver one again after a reboot. */
import { PATHS } from './managed.ts';

export const REALSERVER_UNIT = 'lvs-realserver.service';

/** It does not wait for the network to be online: a VIP on lo needs none, and the script itself retries its route. */
export function realserverUnitBody(): string {
  return `[Unit]
Description=LVS realserver: silent VIPs and the way back
After=network.target systemd-modules-load.service systemd-sysctl.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=${PATHS.realserverScript} start
ExecStop=${PATHS.realserverScript} stop
TimeoutStartSec=90

[Install]
WantedBy=multi-user.target
`;
}
