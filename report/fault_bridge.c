/* SPDX-License-Identifier: Apache-2.0 */
#include "report/fault_area.h"

/* The bridge, its leases and the socket between them. */
static const struct report_fault faults[] = {
	{"BRIDGE_BUSY", "The bridge is busy",
		"The bridge answered EBUSY: the file is in exclusive use or a limit of the session is reached.",
		"Try again later, or close what the session holds open.", "cat MOUNT/proc/leases"},
	{"BRIDGE_DENIED", "The bridge denies this",
		"The bridge answered EPERM or EACCES: the session's role does not reach this path, or its lease "
		"has expired or was revoked.",
		"Check the role and the GPUs of the ticket, and that the lease is still active; renew it before "
		"its time to live ends.",
		"cat MOUNT/proc/leases"},
	{"BRIDGE_DIED", "The embedded bridge died",
		"The child process in which gpu-canary runs its bridge ended before the run did: it was killed, "
		"or it has a defect.",
		"Look for the OOM killer; its own last words are above this report.",
		"dmesg | grep -iE 'oom|killed process' | tail"},
	{"BRIDGE_INVALID", "The bridge calls the request invalid",
		"The bridge answered EINVAL: a ctl line, a descriptor or an offset is malformed.",
		"Compare the line with the command and descriptor formats in docs/protocol.md.",
		"cat MOUNT/gpu/GPU-0/ctl"},
	{"BRIDGE_NOT_FOUND", "No such path in the bridge",
		"The bridge answered ENOENT: the GPU, job or bundle does not exist, or the session's role may "
		"not see it.",
		"List the GPUs that the session can see and use one of those.", "ls MOUNT/gpu"},
	{"BRIDGE_PROTOCOL", "The peer does not speak 9P2000.L",
		"The bytes on the connection are no valid 9P2000.L: another program listens there, or the "
		"versions differ.",
		"Check that the address is that of gpu-bridge-host and that both sides are of one release.",
		"gpu-bridge-host --version"},
	{"BRIDGE_REFUSED", "The bridge refuses the request",
		"The bridge answered with an error of its own, named in the message.",
		"Act on the named error; the bridge's log has the same line with more around it.",
		"journalctl -u gpu-bridge-host -n 50"},
	{"BRIDGE_TIMEOUT", "The bridge does not answer in time",
		"The connection stands, but no reply came within the deadline: the bridge is stopped, "
		"overloaded, or the job runs longer than was waited for.",
		"Check that gpu-bridge-host runs and is not stopped; give longer jobs a longer deadline.",
		"ps -o pid,stat,etime,args -C gpu-bridge-host"},
	{"BRIDGE_TOO_BIG", "The bridge's file is larger than accepted",
		"A file of the bridge is larger than the reader allows, so it was not read.",
		"Ask for less in one job, or read the file in pieces.",
		"ls -lR MOUNT/worker MOUNT/bundles"},
	{"BRIDGE_UNREACHABLE", "The bridge cannot be reached",
		"Connecting to the bridge failed or the connection broke: it does not run, the socket is not "
		"mounted into this pod, or this user may not open it.",
		"Start gpu-bridge-host, mount its socket, or give the user the socket's group; or run "
		"gpu-canary without --bridge, which brings its own.",
		"ls -l /run/gpu-lane/bridge.sock"},
	{"JOURNAL_DAMAGED", "The journal is damaged",
		"A record of the bridge's journal does not have the hash that it says, or the chain is broken: a "
		"disk that lies, or somebody who wrote there.",
		"Keep a copy of the folder, find the cause; with --repair the bridge starts from what lies "
		"before the damage.",
		"gpu-bridge-host audit verify DIR"},
	{"JOURNAL_FAILED", "The journal cannot be used",
		"The folder of --state cannot be read or written, the disk is full, or another bridge has it.",
		"Give the bridge a folder of its own on a disk with room.", "df DIR; ls -ld DIR"},
	{"JWKS_FETCH", "The keys of an issuer cannot be fetched",
		"The URL of the policy (jwks_url) did not answer in time, answered with something else than a key "
		"set, or with one that is too large. Redirects are not followed.",
		"Correct jwks_url. Until it answers, the keys of the file stay in use; without a network, put the "
		"key set into that file yourself.",
		"curl -sS URL | python3 -m json.tool"},
	{"KEY_FAILED", "The key cannot be used",
		"OpenSSL could not make or use an Ed25519 key, or the file holds only its public half.",
		"Use the private file that gpu-lease keygen made.", "openssl version"},
	{"LEASE_BUSY", "The GPU has no room for this lease",
		"Other leases hold the memory or the streams, and the request did not want to wait.",
		"Wait for it (--wait), ask for less, or see who holds it.", "cat MOUNT/proc/leases"},
	{"LEASE_CORDONED", "The GPU is cordoned",
		"The operator, or the bridge after a fault, took this GPU out of service: no new leases.",
		"Find out why in the log, then write UNCORDON to its ctl file.", "cat MOUNT/log/queen.log"},
	{"LEASE_INVALID", "The lease request is invalid",
		"A value is zero, or larger than the GPU ever has.",
		"Ask for at least 1 MiB, 1 stream and 1 second, and no more than the GPU's info says.",
		"cat MOUNT/gpu/GPU-0/info"},
	{"LEASE_NOT_ACTIVE", "The lease is not active",
		"It has expired, was released, revoked or preempted, or still waits in the queue.",
		"Acquire a new one; renew at a third of the time to live.", "cat MOUNT/proc/leases"},
	{"LEASE_PERMISSION", "The role may not lease this GPU",
		"The session's role or ticket does not cover this GPU or this request.",
		"Use a ticket with the GPU in its list and maxima that cover the request.",
		"cat MOUNT/log/queen.log"},
	{"LEASE_QUOTA", "The subject's quota is used up",
		"This subject already holds as much as its policy allows.",
		"Release another lease of this subject, or have the quota raised.",
		"cat MOUNT/proc/leases"},
	{"LEASE_WAIT_TIMEOUT", "The lease was not granted in time",
		"The request waited in the queue for as long as it was told to, and others still hold the GPU.",
		"Wait longer, raise the priority, or see who holds it.", "cat MOUNT/proc/leases"},
	{"LISTEN_FAILED", "The bridge cannot listen there",
		"The socket's folder is missing or not writable, or another bridge is alive on it.",
		"Create the folder, or stop the other bridge.", "ss -lxp | grep bridge.sock"},
	{"LOOP_FAILED", "The bridge cannot wait for events",
		"epoll, a timer or a signal descriptor was refused by the kernel, most often because the limit of "
		"open files is reached.",
		"Raise the limit of open files (LimitNOFILE) and start the bridge again.", "ulimit -n"},
	{"TICKET_KEY_UNKNOWN", "No key is known that this ticket names",
		"The kid in its header is that of no key of the policy: it is from another issuer, or the issuer "
		"has new keys that have not been fetched yet.",
		"Try again after a few seconds; add the key or the issuer to the policy.",
		"cut -d. -f1 TICKET | base64 -d"},
	{"TICKET_REFUSED", "The ticket is not accepted",
		"It has expired, was revoked, is meant for another service, or no key of the policy has signed "
		"it.",
		"Have a new one minted with a key that the bridge's policy lists.",
		"cat MOUNT/log/queen.log"},
};

const struct report_fault_area report_faults_bridge = REPORT_FAULT_AREA(faults);
