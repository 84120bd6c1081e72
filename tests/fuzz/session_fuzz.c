/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole session with two synthetic GPUs: the input is a sequence of frames without their size
 * fields, each after its length in two bytes. Every reply must be a well-formed frame within msize
 * that answers a tag.
 */
#include "base/clock.h"
#include "bridge/gpu.h"
#include "bridge/session.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { GPUS = 2 };

struct bed {
	struct bridge_loop *loop;
	struct bridge_node *root;
	struct bridge_archive archive;
	struct bridge_gpu *gpus[GPUS];
	struct bridge_session *session;
	struct base_buffer out;
	size_t held;
};

static void detached(void *context, struct bridge_attach *attach)
{
	struct bed *bed = context;
	for (size_t i = 0; i < GPUS; i++) {
		bridge_gpu_leave(bed->gpus[i], attach);
	}
	bridge_archive_forget(&bed->archive, attach);
	bridge_bundles_forget(bed->archive.bundles, attach);
}

static void handle(struct bed *bed, const uint8_t *frame, size_t size)
{
	base_buffer_clear(&bed->out);
	if (size > bridge_session_msize(bed->session) || bridge_session_full(bed->session)) {
		return;
	}
	bridge_session_handle(bed->session, frame, size, &bed->out);
	for (size_t i = 0; i < GPUS; i++) {
		bridge_gpu_pump(bed->gpus[i], base_clock_boottime_ns());
	}
	bridge_session_wake(bed->session, &bed->out);
	const uint8_t *out = (const uint8_t *)bed->out.data;
	for (size_t at = 0, reply; at < bed->out.size; at += reply) {
		struct wire_message message;
		reply = wire_frame_size(out + at);
		if (reply > bed->out.size - at || reply > BRIDGE_MSIZE_MAX ||
			wire_decode(out + at, reply, &message) != WIRE_OK || message.type % 2 == 0) {
			abort();
		}
	}
}

static void send_message(struct bed *bed, const struct wire_message *message)
{
	uint8_t frame[256];
	handle(bed, frame, wire_encode(message, frame, sizeof(frame)));
}

static void start(struct bed *bed)
{
	struct bridge_cards cards;
	bridge_cards_mock(2, &cards);
	bed->loop = bridge_loop_create(NULL);
	bed->root = bridge_node_root();
	struct bridge_node *gpus = bridge_node_add(bed->root, "gpu", NULL, NULL);
	bed->archive.directory = bridge_node_add(bed->root, "worker", NULL, NULL);
	bed->archive.bundles = bridge_bundles_create(bed->root);
	for (size_t i = 0; i < GPUS; i++) {
		bed->gpus[i] = bridge_gpu_create(&cards.cards[i], bed->loop, &bed->archive, gpus);
	}
	bridge_cards_finish(&cards);
	struct bridge_session_host host = {
		.root = bed->root, .detached = detached, .context = bed, .held = &bed->held};
	struct bridge_peer peer = {.uid = geteuid()};
	bed->session = bridge_session_create(&host, &peer);
	send_message(bed,
		&(struct wire_message){.type = WIRE_TVERSION,
			.tag = WIRE_NOTAG,
			.msize = 8192,
			.version = wire_text(WIRE_VERSION)});
	send_message(bed,
		&(struct wire_message){.type = WIRE_TATTACH,
			.auth_fid = WIRE_NOFID,
			.uname = wire_text(""),
			.aname = wire_text(""),
			.n_uname = WIRE_NONUNAME});
}

static void stop(struct bed *bed)
{
	bridge_session_destroy(bed->session);
	/* Nothing is left in the account, and nobody's bundles are. */
	struct wire_text bundles = wire_text("bundles");
	if (bed->held != 0 || bridge_node_child(bed->root, &bundles)->first != NULL) {
		abort();
	}
	for (size_t i = 0; i < GPUS; i++) {
		bridge_gpu_destroy(bed->gpus[i]);
	}
	bridge_archive_finish(&bed->archive);
	bridge_bundles_destroy(bed->archive.bundles);
	bridge_node_unlink(bed->root);
	bridge_loop_destroy(bed->loop);
	base_buffer_finish(&bed->out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bed bed = {.loop = NULL};
	start(&bed);
	while (size >= 2) {
		size_t length = data[0] | (size_t)data[1] << 8;
		data += 2;
		size -= 2;
		length = length < size ? length : size;
		size_t frame_size = 4 + length;
		if (frame_size >= WIRE_HEADER_SIZE) {
			/* In memory of its own, so that a sanitizer sees what is read beyond it. */
			uint8_t *frame = malloc(frame_size);
			if (frame == NULL) {
				abort();
			}
			for (size_t i = 0; i < 4; i++) {
				frame[i] = (uint8_t)(frame_size >> (8 * i));
			}
			memcpy(frame + 4, data, length);
			handle(&bed, frame, frame_size);
			free(frame);
		}
		data += length;
		size -= length;
	}
	stop(&bed);
	return 0;
}
