/* SPDX-License-Identifier: Apache-2.0 */
#include "report/fault_area.h"

/* What the tools say of their own work: collecting, judging, reading, writing and posting. */
static const struct report_fault faults[] = {
	{"CHILD_START", "A child process could not be started",
		"fork or exec failed: the pod's process limit or its memory is exhausted, or the program is "
		"missing.",
		"Raise the pod's pids or memory limit, or install gpu-lane whole.",
		"cat /sys/fs/cgroup/pids.max /sys/fs/cgroup/pids.current"},
	{"COLLECTOR_CRASHED", "A driver crashed while it was asked for facts",
		"The child process that asked this layer died of a signal. Drivers crash on hardware that they "
		"do not know and when two Mesa versions are mixed.",
		"Find the driver that does it by loading one ICD at a time with VK_DRIVER_FILES; update or "
		"remove it.",
		"VK_LOADER_DEBUG=driver vulkaninfo --summary"},
	{"COLLECTOR_FAILED", "A layer could not be asked for facts",
		"The collector of this layer ended with an error, so its facts are missing.",
		"Act on the message; gpu-probe -v prints all that the collector said.",
		"gpu-probe -v --only LAYER"},
	{"COLLECTOR_TIMEOUT", "A driver hangs while it is asked for facts",
		"The child process that asked this layer did not end before its deadline and was killed: the GPU "
		"is wedged, or a driver waits for a server that is not there.",
		"Look for a GPU reset or ring timeout in the host's kernel log; reboot the host when it is "
		"wedged. A slow machine may need a longer --timeout.",
		"dmesg | grep -iE 'amdgpu|timeout|reset' | tail -40"},
	{"COLLECTOR_UNKILLABLE", "A process is stuck in the kernel",
		"The child process could not even be killed: it sleeps in the kernel driver (state D). The GPU "
		"is wedged.",
		"Nothing in the pod helps: cordon the node and reboot the host.",
		"ps -eo pid,stat,wchan:32,args | awk '$2 ~ /D/'"},
	{"EXPECTATION_BROKEN", "An expectation of the floor is broken",
		"The machine was asked and answers something else than the floor declares.",
		"Repair what the finding names, or correct the floor if the machine was changed on purpose.",
		"gpu-probe -v --floor FLOOR"},
	{"EXPECTATION_UNKNOWN", "An expectation could not be judged",
		"The fact that the floor asks for could not be collected, so nothing is known about it.",
		"Repair the collector that failed (see the other findings) and run again.",
		"gpu-probe --facts-only"},
	{"FACTS_DISAGREE", "Two layers tell different things of one GPU",
		"Kernel, PCI and Vulkan name different ids or addresses for what should be one device: a shim, a "
		"forced family, a mixed driver installation, or passthrough of another device.",
		"Look for RADV_FORCE_FAMILY, LD_PRELOAD and a second Mesa; compare the ids in the evidence.",
		"printenv | grep -E 'RADV|MESA|VK_|LD_'"},
	{"FILE_READ", "A file cannot be read",
		"The file is missing, is no regular file, is too large, or this user may not read it.",
		"Check the path and the permissions named in the message.", "ls -l FILE"},
	{"FILE_WRITE", "A file cannot be written",
		"The folder is missing or read-only, the disk is full, or this user may not write there.",
		"Write to another place, or make room.", "df -h . && ls -ld ."},
	{"FLOOR_NOT_FOUND", "No such floor",
		"The name is neither a file, nor in the folders of GPU_LANE_FLOORS, nor installed.",
		"Use one of the installed floors, or the path of a file.", "gpu-probe --list-floors"},
	{"GITHUB_APP_KEY", "The GitHub App's private key cannot be used",
		"GPU_LANE_APP_KEY_FILE is missing, or names no RSA key of 2048 bits or more in PEM without a "
		"password.",
		"Mount the key that GitHub made for the App (its settings, 'Private keys') and name the file.",
		"openssl pkey -in \"$GPU_LANE_APP_KEY_FILE\" -noout -text | head -1"},
	{"GITHUB_APP_NOT_INSTALLED", "The GitHub App is not installed on the repository",
		"The API knows no installation of the App on this repository.",
		"Install the App on the repository's owner, give it this repository, and the permission "
		"'Checks: write'.",
		"printenv GITHUB_REPOSITORY GPU_LANE_APP_ID"},
	{"GITHUB_DENIED", "GitHub denies the check run",
		"The token or the App's signature is missing, wrong, or may not write checks (401, 403), or the "
		"App's installation is suspended. In a pull request from a fork a job's token never may.",
		"Give the job 'permissions: checks: write, contents: read' and the step 'env: GITHUB_TOKEN: ${{ "
		"github.token }}'. Annotations and summary are there all the same.",
		"curl -sSI -H \"Authorization: Bearer $GITHUB_TOKEN\" \"$GITHUB_API_URL/repos/$GITHUB_REPOSITORY\""},
	{"GITHUB_EVENT", "The runner's environment does not tell the commit",
		"A GITHUB_* variable or the event's payload is missing or malformed, so that a check run has "
		"nowhere to go.",
		"Run inside a GitHub Actions step and pass its environment on (a container must get "
		"GITHUB_EVENT_PATH mounted).",
		"printenv | grep ^GITHUB_"},
	{"GITHUB_NOT_FOUND", "GitHub does not know the repository",
		"The API answered 404: the repository is another, or the token may not see it.",
		"Check GITHUB_REPOSITORY and GITHUB_API_URL, and that the token belongs to that repository.",
		"printenv GITHUB_REPOSITORY GITHUB_API_URL"},
	{"GITHUB_RATE_LIMITED", "GitHub's rate limit is reached",
		"The API asked to wait for longer than posting may take.",
		"Post less often, or allow more time with GPU_LANE_GITHUB_TIMEOUT_S.",
		"curl -sS -H \"Authorization: Bearer $GITHUB_TOKEN\" \"$GITHUB_API_URL/rate_limit\""},
	{"GITHUB_REFUSED", "GitHub refuses the check run",
		"The API answered with an error (422: a field or the commit is not accepted) or sent the request "
		"to another host.",
		"The message has GitHub's own words. If it names a field, please report it.",
		"curl -sS \"$GITHUB_API_URL/repos/$GITHUB_REPOSITORY/commits/$GITHUB_SHA\""},
	{"GITHUB_UNREACHABLE", "GitHub's API cannot be reached",
		"No answer in time: no route, a proxy in the way, a broken TLS certificate, or trouble at GitHub.",
		"Check https_proxy and the certificates of the runner's image; see GitHub's status page.",
		"curl -sSI \"$GITHUB_API_URL\""},
	{"INTERNAL_ERROR", "A defect in gpu-lane",
		"The program met a state that it should not be able to be in.",
		"Please report it with the output of the command run with -v.",
		"gpu-probe --facts-only -v"},
	{"JSON_INVALID", "A document is malformed",
		"The file is no strict JSON or breaks its schema; the message names file, line and path.",
		"Correct the named line.", "python3 -m json.tool FILE"},
	{"USAGE", "The command line is wrong",
		"An option, an operand or one of its values is not understood.", "See --help.",
		"gpu-probe --help"},
};

const struct report_fault_area report_faults_report = REPORT_FAULT_AREA(faults);
