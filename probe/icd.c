/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/icd.h"

#include "base/memory.h"

#include <dirent.h>
#include <dlfcn.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { ICD_MANIFEST_MAX = 64, ICD_MANIFEST_SIZE_MAX = 65536 };

/* Where Nix's loader looks (its SYSCONFDIR), and no other. */
#define NIX_SHARE "/run/opengl-driver/share"

/* Folders with vulkan/icd.d below, in the loader's order. */
static const struct {
	const char *variable;
	/* Used when the variable is not set: below $HOME, or colon-separated absolute paths. */
	const char *home, *otherwise;
	bool nix;
} places[] = {
	{"XDG_CONFIG_HOME", ".config", NULL, false},
	{"XDG_CONFIG_DIRS", NULL, "/etc/xdg", false},
	{NULL, NULL, "/etc", false},
	{NULL, NULL, NIX_SHARE, true},
	{"XDG_DATA_HOME", ".local/share", NULL, false},
	{"XDG_DATA_DIRS", NULL, "/usr/local/share:/usr/share", false},
};

struct icd_search {
	const struct probe_root *root;
	cJSON *list;
	/* Of the manifests being added. */
	const char *source;
	bool used;
};

static const char *variable(const char *name)
{
	/* As the loader: a process with raised privileges does not listen to its environment. */
	const char *value = name ? secure_getenv(name) : NULL;
	return value && value[0] != '\0' ? value : NULL;
}

/* The loader's globs: comma-separated, matched against the manifest's file name. */
static bool glob_matches(const char *globs, const char *name)
{
	while (*globs) {
		size_t size = strcspn(globs, ",");
		BASE_FREE char *glob = base_strndup(globs, size);
		if (fnmatch(glob, name, FNM_CASEFOLD) == 0) {
			return true;
		}
		globs += size + (globs[size] == ',');
	}
	return false;
}

static bool selected(const char *name)
{
	const char *select = variable("VK_LOADER_DRIVERS_SELECT");
	const char *disable = variable("VK_LOADER_DRIVERS_DISABLE");
	return (!select || glob_matches(select, name)) && (!disable || !glob_matches(disable, name));
}

/* A library path with a slash is relative to the manifest; a bare name is the dynamic linker's. */
static char *library_path(const char *manifest, const char *library)
{
	const char *slash = strrchr(manifest, '/');
	if (library[0] == '/' || !strchr(library, '/') || !slash) {
		return base_strdup(library);
	}
	return base_format("%.*s/%s", (int)(slash - manifest), manifest, library);
}

static void read_manifest(cJSON *icd, const struct probe_root *root, const char *path)
{
	LANE_ERROR_AUTO err = LANE_ERROR_INIT;
	BASE_JSON_AUTO json = {0};
	BASE_FREE char *real_path = probe_root_path(root, "%s", path);
	if (!base_json_load(real_path, ICD_MANIFEST_SIZE_MAX, &json, &err)) {
		base_json_add_string(icd, "error", lane_error_message(&err));
		return;
	}
	const cJSON *driver = base_json_get(json.root, "ICD");
	const char *library = base_json_string(driver, "library_path", NULL);
	if (!library) {
		base_json_add_format(icd, "error", "%s: no ICD.library_path", path);
		return;
	}
	probe_add_text(icd, "library", library_path(path, library));
	base_json_add_string(icd, "api_version", base_json_string(driver, "api_version", "unknown"));
}

static void add_manifest(struct icd_search *search, const char *path)
{
	const cJSON *known;
	cJSON_ArrayForEach(known, search->list)
	{
		/* What a variable names lies in one of the places too. */
		if (strcmp(base_json_string(known, "path", ""), path) == 0) {
			return;
		}
	}
	if (cJSON_GetArraySize(search->list) >= ICD_MANIFEST_MAX) {
		return;
	}
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	cJSON *icd = base_json_add_object(search->list, NULL);
	base_json_add_string(icd, "name", name);
	base_json_add_string(icd, "path", path);
	base_json_add_string(icd, "source", search->source);
	base_json_add_bool(icd, "used", search->used && selected(name));
	read_manifest(icd, search->root, path);
}

static int is_manifest(const struct dirent *entry)
{
	size_t size = strlen(entry->d_name);
	return size > 5 && strcmp(entry->d_name + size - 5, ".json") == 0;
}

static void add_folder(struct icd_search *search, const char *folder)
{
	BASE_FREE char *real_path = probe_root_path(search->root, "%s", folder);
	struct dirent **entries = NULL;
	int count = scandir(real_path, &entries, is_manifest, alphasort);
	for (int i = 0; i < count; i++) {
		BASE_FREE char *path = base_format("%s/%s", folder, entries[i]->d_name);
		add_manifest(search, path);
		free(entries[i]);
	}
	free(entries);
}

/* Colon-separated; `below` is put behind each. A file is a manifest, a folder holds some. */
static void add_paths(struct icd_search *search, const char *paths, const char *below)
{
	while (*paths) {
		size_t size = strcspn(paths, ":");
		BASE_FREE char *path = base_format("%.*s%s", (int)size, paths, below);
		BASE_FREE char *real_path = probe_root_path(search->root, "%s", path);
		struct stat status;
		bool folder = stat(real_path, &status) == 0 && S_ISDIR(status.st_mode);
		if (size > 0 && folder) {
			add_folder(search, path);
		} else if (size > 0 && below[0] == '\0') {
			add_manifest(search, path);
		}
		paths += size + (paths[size] == ':');
	}
}

static void add_place(struct icd_search *search, size_t place)
{
	const char *paths = variable(places[place].variable);
	const char *home = places[place].home ? variable("HOME") : NULL;
	BASE_FREE char *in_home = home ? base_format("%s/%s", home, places[place].home) : NULL;
	search->source = paths ? places[place].variable : "default";
	paths = paths ? paths : in_home ? in_home : places[place].otherwise;
	if (paths) {
		add_paths(search, paths, "/vulkan/icd.d");
	}
}

cJSON *probe_icd_list(const struct probe_root *root, const char *loader_path)
{
	struct icd_search search = {.root = root, .list = base_json_new_array(), .used = true};
	static const char *const overrides[] = {"VK_DRIVER_FILES", "VK_ICD_FILENAMES"};
	bool overridden = false;
	for (size_t i = 0; i < 2 && !overridden; i++) {
		search.source = overrides[i];
		overridden = variable(overrides[i]) != NULL;
		if (overridden) {
			add_paths(&search, variable(overrides[i]), "");
		}
	}
	search.used = !overridden;
	search.source = "VK_ADD_DRIVER_FILES";
	if (variable(search.source)) {
		add_paths(&search, variable(search.source), "");
	}
	bool nix = loader_path && strncmp(loader_path, "/nix/store/", 11) == 0;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		search.used = !overridden && (!places[i].nix || nix);
		add_place(&search, i);
	}
	return search.list;
}

cJSON *probe_icd_load(const char *library)
{
	cJSON *result = base_json_new_object();
	void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
	base_json_add_bool(result, "loads", handle != NULL);
	if (!handle) {
		const char *error = dlerror();
		base_json_add_string(result, "error", error ? error : "dlopen failed");
	}
	/* Not closed again: drivers do not survive that, and the process is about to end. */
	return result;
}
