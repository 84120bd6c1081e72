/* SPDX-License-Identifier: Apache-2.0 */
#include "base/child.h"
#include "base/file.h"
#include "base/memory.h"
#include "tests/unit/cmocka_names.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int enter_folder(void **state)
{
	char *folder = base_strdup("/tmp/gpu-lane-file.XXXXXX");
	*state = folder;
	return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int leave_folder(void **state)
{
	static const char *const names[] = {"a", "link", "fifo"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		unlink(names[i]);
	}
	int gone = chdir("/") == 0 && rmdir(*state) == 0;
	free(*state);
	/* rmdir fails when a temporary file was left behind. */
	return gone ? 0 : -1;
}

static void replaces_a_file_whole(void **state)
{
	(void)state;
	assert_true(base_file_write("a", "first", 5, NULL));
	assert_true(base_file_write("a", "x", 1, NULL));
	BASE_BUFFER_AUTO text = BASE_BUFFER_INIT;
	assert_true(base_file_read("a", 100, &text, NULL));
	assert_string_equal(text.data, "x");
	struct stat info;
	assert_int_equal(stat("a", &info), 0);
	assert_int_equal(info.st_mode & 0600, 0600);
}

static void keeps_link_and_mode(void **state)
{
	(void)state;
	assert_true(base_file_write("a", "first", 5, NULL));
	assert_int_equal(chmod("a", 0640), 0);
	assert_int_equal(symlink("a", "link"), 0);
	assert_true(base_file_write("link", "x", 1, NULL));
	BASE_BUFFER_AUTO text = BASE_BUFFER_INIT;
	assert_true(base_file_read("a", 100, &text, NULL));
	assert_string_equal(text.data, "x");
	struct stat info;
	assert_int_equal(lstat("link", &info), 0);
	assert_true(S_ISLNK(info.st_mode));
	assert_int_equal(stat("a", &info), 0);
	assert_int_equal(info.st_mode & 0777, 0640);
}

/* "-o /dev/stdout >a": the link in /dev must outlive it. */
static void writes_to_stdout_by_its_path(void **state)
{
	(void)state;
	fflush(stdout);
	int kept = dup(STDOUT_FILENO);
	int fd = open("a", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_int_equal(dup2(fd, STDOUT_FILENO), STDOUT_FILENO);
	assert_int_equal(symlink("/proc/self/fd/1", "link"), 0);
	bool written = base_write_all(STDOUT_FILENO, "before ", 7) &&
		base_file_write("link", "x", 1, NULL) && base_file_write("a", "y", 1, NULL);
	dup2(kept, STDOUT_FILENO);
	close(kept);
	close(fd);
	assert_true(written);
	BASE_BUFFER_AUTO text = BASE_BUFFER_INIT;
	assert_true(base_file_read("a", 100, &text, NULL));
	assert_string_equal(text.data, "before xy");
	struct stat info;
	assert_int_equal(lstat("link", &info), 0);
	assert_true(S_ISLNK(info.st_mode));
}

static void says_what_is_wrong(void **state)
{
	(void)state;
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	BASE_BUFFER_AUTO text = BASE_BUFFER_INIT;
	assert_false(base_file_read("none", 100, &text, &err));
	assert_string_equal(err.message, "none: No such file or directory");
	assert_false(base_file_read(".", 100, &text, &err));
	assert_string_equal(err.message, ".: is a directory");
	assert_true(base_file_write("a", "0123456789", 10, NULL));
	assert_false(base_file_read("a", 9, &text, &err));
	assert_string_equal(err.message, "a: larger than 9 bytes");
	assert_false(base_file_write("no/such/folder", "x", 1, &err));
	assert_string_equal(err.message, "no/such/folder: No such file or directory");
}

static void does_not_hang_on_a_fifo(void **state)
{
	(void)state;
	BASE_BUFFER_AUTO text = BASE_BUFFER_INIT;
	assert_int_equal(mkfifo("fifo", 0600), 0);
	assert_true(base_file_read("fifo", 100, &text, NULL));
	assert_int_equal(text.size, 0);
}

static void writes_devices_in_place(void **state)
{
	(void)state;
	assert_true(base_file_write("/dev/null", "x", 1, NULL));
	struct stat info;
	assert_int_equal(stat("/dev/null", &info), 0);
	assert_true(S_ISCHR(info.st_mode));
}

static void knows_before_where_it_cannot_write(void **state)
{
	(void)state;
	assert_true(base_file_write("a", "x", 1, NULL));
	assert_int_equal(symlink("a", "link"), 0);
	static const char *const good[] = {"a", "link", "new", "/dev/null", "-"};
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_true(base_file_check_write(good[i], NULL));
	}
	static const char *const bad[] = {".", "/", "no/such/folder", "a/b"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		LANE_ERROR_AUTO err = LANE_ERROR_INIT;
		assert_false(base_file_check_write(bad[i], &err));
		assert_true(lane_error_is(&err, "FILE_WRITE"));
	}
}

static void finds_installed_files(void **state)
{
	(void)state;
	BASE_FREE char *floor = base_file_data("floors", "honey.json");
	BASE_FREE char *worker = base_file_libexec("gpu-lane-worker");
	char self[4096] = "";
	assert_true(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
	*strstr(self, "/tests/") = '\0';
	BASE_FREE char *floor_wanted = base_format("%s/share/gpu-lane/floors/honey.json", self);
	BASE_FREE char *worker_wanted = base_format("%s/libexec/gpu-lane/gpu-lane-worker", self);
	assert_string_equal(floor, floor_wanted);
	assert_string_equal(worker, worker_wanted);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		NAMED_WITH("file@replaces-a-file-whole", replaces_a_file_whole, enter_folder, leave_folder),
		NAMED_WITH("file@keeps-link-and-mode", keeps_link_and_mode, enter_folder, leave_folder),
		NAMED_WITH("file@writes-to-stdout-by-its-path", writes_to_stdout_by_its_path, enter_folder,
			leave_folder),
		NAMED_WITH("file@says-what-is-wrong", says_what_is_wrong, enter_folder, leave_folder),
		NAMED_WITH(
			"file@does-not-hang-on-a-fifo", does_not_hang_on_a_fifo, enter_folder, leave_folder),
		NAMED_WITH("file@knows-before-where-it-cannot-write", knows_before_where_it_cannot_write,
			enter_folder, leave_folder),
		NAMED("file@writes-devices-in-place", writes_devices_in_place),
		NAMED("file@finds-installed-files-from-its-own-place", finds_installed_files),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
