/** Keywords that are known and not carried: whether something is lost by it, and why. */
import type { Passed } from './reading.ts';

const OTHERWISE = 'lvsctl does so anyway';

const ROUTES = 'lvsctl moves addresses only; a command of `notify` may set routes';

export const INSTANCE_PASSED: Passed = {
  virtual_routes: ['lost', ROUTES],
  virtual_rules: ['lost', ROUTES],
  use_vmac_addr: ['lost', 'virtual MAC addresses are not carried'],
  use_ipvlan: ['lost', 'lvsctl has no ipvlan'],
  dont_track_primary: ['lost', 'lvsctl always tracks the interface that it speaks on'],
  track_process: ['lost', 'write a script with pgrep instead (`scripts`)'],
  track_bfd: ['lost', 'lvsctl has no BFD'],
  track_file: ['lost', 'a file of lvsctl counts by its existence, not by the number in it (`track.files`)'],
  native_ipv6: ['harmless', 'the family is that of the addresses'],
  promote_secondaries: ['harmless', OTHERWISE],
  check_unicast_src: ['harmless', OTHERWISE],
  skip_check_adv_addr: ['harmless', 'lvsctl does not compare the lists of addresses'],
  smtp_alert: ['harmless', 'alerts of all instances go out once `alerts` is set'],
  debug: ['harmless', 'lvs-agent has its own log'],
  accept: ['harmless', 'lvsctl always accepts'],
  no_accept: ['lost', 'lvsctl always accepts packets to its addresses'],
  strict_mode: ['harmless', 'there is no such mode'],
  lower_prio_no_advert: ['lost', 'lvsctl answers a lower priority at once, as RFC 9568 has it'],
  higher_prio_send_advert: ['harmless', OTHERWISE],
  unicast_ttl: ['lost', 'lvsctl sends with TTL 255'],
  unicast_fault_no_peer: ['harmless', 'the peers are known from the topology'],
  old_unicast_checksum: ['lost', 'the checksum of keepalived 1.3.6 and older is not spoken'],
  down_timer_adverts: ['lost', 'a MASTER is given up after three intervals and a skew, as the RFC has it'],
  linkbeat_use_polling: ['harmless', 'the kernel tells of its links'],
  kernel_rx_buf_size: ['harmless', 'lvs-agent sizes its own buffers'],
  notify_priority_changes: ['lost', 'changes of priority are in the events, not in `notify`'],
  notify_master_rx_lower_pri: ['lost', 'there is no such command; the journal tells of it'],
  notify_deleted: ['lost', 'use notify_stop'],
  track_src_ip: ['harmless', 'the address is checked before lvsctl changes anything'],
};

export const SERVICE_PASSED: Passed = {
  persistence_engine: ['lost', 'lvsctl has no persistence engine'],
  ha_suspend: ['lost', 'a BACKUP checks too; `only_when_master` is what comes closest'],
  omega: ['lost', '`quorum.on_stop: down` runs the command of a lost quorum when the agent stops'],
  smtp_alert: ['harmless', 'alerts go out once `alerts` is set'],
  snmp_name: ['harmless', 'there is no SNMP; metrics have the names of the topology'],
  ip_family: ['harmless', 'the family is that of the addresses'],
  'flag-1': ['lost', 'use the name of the flag'],
  'flag-2': ['lost', 'use the name of the flag'],
  'flag-3': ['lost', 'use the name of the flag'],
};

export const SERVER_PASSED: Passed = {
  alpha: ['harmless', 'realservers start down (`start`)'],
  smtp_alert: ['harmless', 'alerts go out once `alerts` is set'],
  snmp_name: ['harmless', 'there is no SNMP'],
  lvs_method: ['lost', 'one service has one mode: make it two'],
  FILE_CHECK: ['lost', 'a file of lvsctl counts by its existence, not by the number in it'],
  BFD_CHECK: ['lost', 'lvsctl has no BFD'],
};

const REGEX = 'regular expressions are those of JavaScript, and look at the whole body';

export const CHECK_PASSED: Passed = {
  alpha: ['harmless', 'realservers start down (`start`)'],
  log_all_failures: ['harmless', 'the state has the last failure of each check'],
  fast_recovery: ['harmless', 'every url is a check of its own'],
  http_protocol: ['harmless', 'lvsctl speaks HTTP/1.1'],
  bind_if: ['lost', 'the interface follows from the address'],
  min_reply_length: ['lost', 'the length of an answer is not looked at'],
  max_reply_length: ['lost', 'the length of an answer is not looked at'],
  host: ['lost', 'write a check for each host'],
  sni_name: ['lost', 'set `sni` of the check'],
};

export const URL_PASSED: Passed = {
  regex_no_match: ['lost', 'a body can only be asked for what it must have: turn the expression round'],
  regex_options: ['lost', REGEX],
  regex_stack: ['harmless', REGEX],
  regex_min_offset: ['lost', REGEX],
  regex_max_offset: ['lost', REGEX],
};

const MAIL = 'set `alerts.smtp`, which wants to know how the mail server does TLS';

const PROCESS = 'lvs-vrrp runs with real-time priority by itself';

export const GLOBAL_PASSED: Passed = {
  notification_email: ['lost', MAIL],
  notification_email_from: ['lost', MAIL],
  smtp_server: ['lost', MAIL],
  smtp_helo_name: ['lost', MAIL],
  smtp_connect_timeout: ['harmless', MAIL],
  smtp_alert: ['harmless', MAIL],
  smtp_alert_vrrp: ['harmless', MAIL],
  smtp_alert_checker: ['harmless', MAIL],
  enable_script_security: ['harmless', 'scripts run as lvs-script, and as root only where nobody else can change them'],
  vrrp_skip_check_adv_addr: ['harmless', 'lvsctl does not compare the lists of addresses'],
  vrrp_check_unicast_src: ['harmless', 'lvsctl does so anyway'],
  vrrp_strict: ['harmless', 'there is no such mode'],
  vrrp_iptables: ['harmless', 'lvsctl always accepts'],
  vrrp_ipsets: ['harmless', 'lvsctl always accepts'],
  vrrp_higher_prio_send_advert: ['harmless', 'lvsctl does so anyway'],
  vrrp_notify_fifo: ['lost', 'use `notify.any`, or the stream of events (GET /v1/events?follow)'],
  vrrp_notify_fifo_script: ['lost', 'use `notify.any`'],
  notify_fifo: ['lost', 'use `notify.any`, or the stream of events (GET /v1/events?follow)'],
  notify_fifo_script: ['lost', 'use `notify.any`'],
  vrrp_priority: ['harmless', PROCESS],
  vrrp_rt_priority: ['harmless', PROCESS],
  vrrp_no_swap: ['harmless', PROCESS],
  checker_priority: ['harmless', PROCESS],
  checker_rt_priority: ['harmless', PROCESS],
  max_auto_priority: ['harmless', PROCESS],
  lvs_flush: ['lost', '`ipvs.on_start: flush` empties the table at every start of the agent'],
  lvs_flush_on_stop: ['lost', '`ipvs.on_stop: flush` does so'],
  default_interface: ['harmless', 'an address goes where its network is, or where it is told to'],
  enable_snmp_vrrp: ['harmless', 'there is no SNMP; the agent has metrics for Prometheus'],
  enable_snmp_checker: ['harmless', 'there is no SNMP; the agent has metrics for Prometheus'],
  enable_snmp_rfc: ['harmless', 'there is no SNMP; the agent has metrics for Prometheus'],
  enable_traps: ['harmless', 'there is no SNMP'],
  enable_dbus: ['harmless', 'there is no D-Bus; the agent has a control socket'],
  log_unknown_vrids: ['harmless', 'lvs-agent has its own log'],
  process_names: ['harmless', 'it is about the processes of keepalived'],
  use_symlink_paths: ['harmless', 'it is about the processes of keepalived'],
};

export const GROUP_PASSED: Passed = {
  global_tracking: ['harmless', 'what one member tracks counts for all'],
  sync_group_tracking_weight: ['harmless', 'what one member tracks counts for all'],
  smtp_alert: ['harmless', 'alerts go out once `alerts` is set'],
  track_interface: ['lost', 'track it in one of the members: it counts for all'],
  track_script: ['lost', 'track it in one of the members: it counts for all'],
  track_process: ['lost', 'write a script with pgrep instead (`scripts`)'],
  track_file: ['lost', 'a file of lvsctl counts by its existence (`track.files`)'],
};

export const TOP_PASSED: Passed = {
  static_ipaddress: ['lost', 'addresses without VRRP stand under `vips` of a director'],
  static_routes: ['lost', 'lvsctl sets no routes on directors'],
  static_rules: ['lost', 'lvsctl sets no rules on directors'],
  vrrp_track_file: ['lost', 'a file of lvsctl counts by its existence (`track.files`)'],
  track_file: ['lost', 'a file of lvsctl counts by its existence (`track.files`)'],
  vrrp_track_process: ['lost', 'write a script with pgrep instead (`scripts`)'],
  garp_group: ['lost', 'set `garp.interval` of the instances'],
  bfd_instance: ['lost', 'lvsctl has no BFD; advertisements every 100ms find a dead MASTER in 0.4s'],
  net_namespace: ['lost', 'the agent runs in the namespace of the host'],
  net_namespace_ipvs: ['lost', 'the agent runs in the namespace of the host'],
  interface_up_down_delays: ['lost', 'a link must be up for `start_after.link_up`'],
  SSL: ['lost', 'https checks use the certificates of the system'],
};
