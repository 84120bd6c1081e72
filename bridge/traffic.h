/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BRIDGE_TRAFFIC_H
#define BRIDGE_TRAFFIC_H

#include <stddef.h>
#include <stdint.h>

/** Linux has no errno as high as this. */
enum { BRIDGE_ERRNO_MAX = 134 };

/** What has passed over all connections since the bridge started. */
struct bridge_traffic {
	/** By the type of the request; what no type is, is counted at 0. */
	uint64_t requests[256];
	/** By the errno of the Rlerror. */
	uint64_t errors[BRIDGE_ERRNO_MAX];
	/** As 9P, without what TLS puts around it. */
	uint64_t received_bytes, sent_bytes;
	/** Replies that a socket did not take at once. */
	uint64_t short_writes;
	/** Clients that were cut off: too slow, or not speaking 9P. */
	uint64_t cut_off;
	/** When the log last said so. */
	uint64_t told_ns;
	/** Memory that connections hold now: requests that are not whole or held back, replies that are
	 * not taken. Beyond the maximum (0: there is none) who holds much is cut off. */
	size_t buffered_bytes, buffered_max;
};

#endif
