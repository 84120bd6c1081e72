/* SPDX-License-Identifier: Apache-2.0 */
#ifndef REPORT_GITHUB_JWT_H
#define REPORT_GITHUB_JWT_H

#include "base/error.h"

#include <stdint.h>

/**
 * The JSON Web Token (RFC 7519, RS256) by which a GitHub App says who it is, good for the ten
 * minutes that GitHub allows at most and a minute back, for clocks that differ. `app` is the App's
 * client id or number, `key_path` its private key in PEM. NULL and GITHUB_APP_KEY when the key is
 * none, or is no RSA key of 2048 bits or more. A secret: the caller wipes and frees it.
 */
char *github_jwt_create(
	const char *app, const char *key_path, uint64_t now_s, struct lane_error *err);

#endif
