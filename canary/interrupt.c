/* SPDX-License-Identifier: Apache-2.0 */
#include "canary/interrupt.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

static sigset_t ending_signals(void)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	return set;
}

bool canary_interrupt_start(struct canary_interrupt *interrupt, struct lane_error *err)
{
	sigset_t set = ending_signals();
	interrupt->fd = -1;
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0) {
		return lane_error_set_errno(err, "INTERNAL_ERROR", errno, "sigprocmask");
	}
	interrupt->fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (interrupt->fd < 0) {
		int cause = errno;
		sigprocmask(SIG_UNBLOCK, &set, NULL);
		return lane_error_set_errno(err, "INTERNAL_ERROR", cause, "signalfd");
	}
	return true;
}

void canary_interrupt_finish(struct canary_interrupt *interrupt)
{
	if (interrupt->fd < 0) {
		return;
	}
	struct signalfd_siginfo info;
	while (read(interrupt->fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		/* Taken from the queue, so that unblocking does not deliver it. */
	}
	close(interrupt->fd);
	interrupt->fd = -1;
	sigset_t set = ending_signals();
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

bool canary_interrupt_raised(const struct canary_interrupt *interrupt)
{
	struct pollfd poll_fd = {.fd = interrupt->fd, .events = POLLIN};
	return poll(&poll_fd, 1, 0) > 0;
}
