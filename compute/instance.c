/* SPDX-License-Identifier: Apache-2.0 */
#include "compute/instance.h"

#include "base/memory.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#ifdef LANE_VULKAN_VALIDATION
static const bool validation_always = true;
#else
static const bool validation_always = false;
#endif

/* A driver may send any length. */
enum { MESSAGE_TEXT_MAX = 4096 };

static const char validation_layer[] = "VK_LAYER_KHRONOS_validation";

static VKAPI_ATTR VkBool32 VKAPI_CALL instance_message(
	VkDebugUtilsMessageSeverityFlagBitsEXT severity, VkDebugUtilsMessageTypeFlagsEXT types,
	const VkDebugUtilsMessengerCallbackDataEXT *data, void *context)
{
	struct compute_instance *instance = context;
	const char *name = data->pMessageIdName;
	pthread_mutex_lock(&instance->message_lock);
	/* Mesa's own errors have the validation type too but no name; the loader names itself. */
	if ((types & VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT) && name &&
		strcmp(name, "Loader Message") != 0) {
		instance->validation_count++;
	}
	if (instance->message_count < COMPUTE_MESSAGE_MAX) {
		instance->messages[instance->message_count++] = (struct compute_message){
			.severity = severity,
			.types = types,
			.text = base_strndup(data->pMessage ? data->pMessage : "", MESSAGE_TEXT_MAX),
		};
	}
	pthread_mutex_unlock(&instance->message_lock);
	return VK_FALSE;
}

static VkDebugUtilsMessengerCreateInfoEXT instance_messenger(struct compute_instance *instance)
{
	return (VkDebugUtilsMessengerCreateInfoEXT){
		.sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT,
		.messageSeverity = VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT |
			VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT,
		.messageType = VK_DEBUG_UTILS_MESSAGE_TYPE_GENERAL_BIT_EXT |
			VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT |
			VK_DEBUG_UTILS_MESSAGE_TYPE_PERFORMANCE_BIT_EXT,
		.pfnUserCallback = instance_message,
		.pUserData = instance,
	};
}

static bool instance_load(struct compute_instance *instance, struct lane_error *err)
{
	instance->library = dlopen("libvulkan.so.1", RTLD_NOW | RTLD_LOCAL);
	if (!instance->library) {
		return lane_error_set(err, "VULKAN_LOADER_MISSING", "%s", dlerror());
	}
	void *entry = dlsym(instance->library, "vkGetInstanceProcAddr");
	Dl_info info = {0};
	if (entry && dladdr(entry, &info) != 0 && info.dli_fname) {
		instance->loader_path = base_strdup(info.dli_fname);
	} else {
		instance->loader_path = base_strdup("libvulkan.so.1");
	}
	PFN_vkGetInstanceProcAddr get_instance_proc_addr = (PFN_vkGetInstanceProcAddr)entry;
	const char *missing = entry ? compute_vulkan_load_global(&instance->vk, get_instance_proc_addr)
								: "vkGetInstanceProcAddr";
	if (missing) {
		return lane_error_set(
			err, "VULKAN_LOADER_BROKEN", "%s: no %s", instance->loader_path, missing);
	}
	/* A loader of Vulkan 1.0 has no call to say so. */
	instance->loader_version = VK_API_VERSION_1_0;
	if (instance->vk.EnumerateInstanceVersion) {
		instance->vk.EnumerateInstanceVersion(&instance->loader_version);
	}
	instance->api_version = instance->loader_version < VK_API_VERSION_1_3 ? instance->loader_version
																		  : VK_API_VERSION_1_3;
	return true;
}

/* Whether an extension is offered, by a layer when that is not NULL. */
static bool instance_has_extension(
	const struct compute_vulkan *vk, const char *layer, const char *name)
{
	uint32_t count = 0;
	if (vk->EnumerateInstanceExtensionProperties(layer, &count, NULL) != VK_SUCCESS) {
		return false;
	}
	BASE_FREE VkExtensionProperties *list = base_alloc(count, sizeof(*list));
	if (vk->EnumerateInstanceExtensionProperties(layer, &count, list) < 0) {
		return false;
	}
	for (uint32_t i = 0; i < count; i++) {
		if (strcmp(list[i].extensionName, name) == 0) {
			return true;
		}
	}
	return false;
}

static bool instance_has_layer(const struct compute_vulkan *vk, const char *name)
{
	uint32_t count = 0;
	if (vk->EnumerateInstanceLayerProperties(&count, NULL) != VK_SUCCESS) {
		return false;
	}
	BASE_FREE VkLayerProperties *list = base_alloc(count, sizeof(*list));
	if (vk->EnumerateInstanceLayerProperties(&count, list) < 0) {
		return false;
	}
	for (uint32_t i = 0; i < count; i++) {
		if (strcmp(list[i].layerName, name) == 0) {
			return true;
		}
	}
	return false;
}

static bool instance_failed(
	const struct compute_instance *instance, VkResult result, struct lane_error *err)
{
	const char *code = "VULKAN_INSTANCE_FAILED";
	if (result == VK_ERROR_INCOMPATIBLE_DRIVER) {
		code = "VULKAN_NO_DRIVER";
	} else if (result == VK_ERROR_OUT_OF_HOST_MEMORY) {
		code = "VULKAN_OUT_OF_HOST_MEMORY";
	} else if (result == VK_ERROR_LAYER_NOT_PRESENT) {
		code = "VULKAN_LAYER_MISSING";
	}
	return lane_error_set(err, code, "vkCreateInstance of %s: %s", instance->loader_path,
		compute_result_name(result));
}

static bool instance_create(
	struct compute_instance *instance, bool validation, struct lane_error *err)
{
	const struct compute_vulkan *vk = &instance->vk;
	const char *layers[] = {validation_layer};
	const char *extensions[3];
	uint32_t extension_count = 0;
	const void *next = NULL;
	VkDebugUtilsMessengerCreateInfoEXT messenger = instance_messenger(instance);
	bool has_messenger = instance_has_extension(vk, NULL, VK_EXT_DEBUG_UTILS_EXTENSION_NAME);
	if (has_messenger) {
		extensions[extension_count++] = VK_EXT_DEBUG_UTILS_EXTENSION_NAME;
		next = &messenger;
	}
	if (instance->api_version < VK_API_VERSION_1_1 &&
		instance_has_extension(vk, NULL, VK_KHR_GET_PHYSICAL_DEVICE_PROPERTIES_2_EXTENSION_NAME)) {
		extensions[extension_count++] = VK_KHR_GET_PHYSICAL_DEVICE_PROPERTIES_2_EXTENSION_NAME;
	}
	VkValidationFeatureEnableEXT synchronization =
		VK_VALIDATION_FEATURE_ENABLE_SYNCHRONIZATION_VALIDATION_EXT;
	VkValidationFeaturesEXT features = {
		.sType = VK_STRUCTURE_TYPE_VALIDATION_FEATURES_EXT,
		.pNext = next,
		.enabledValidationFeatureCount = 1,
		.pEnabledValidationFeatures = &synchronization,
	};
	if (validation) {
		if (!instance_has_layer(vk, validation_layer)) {
			return lane_error_set(err, "VULKAN_LAYER_MISSING", "%s", validation_layer);
		}
		extensions[extension_count++] = VK_EXT_VALIDATION_FEATURES_EXTENSION_NAME;
		next = &features;
	}
	VkApplicationInfo application = {
		.sType = VK_STRUCTURE_TYPE_APPLICATION_INFO,
		.pApplicationName = "gpu-lane",
		.pEngineName = "gpu-lane",
		.apiVersion = instance->api_version,
	};
	VkInstanceCreateInfo create = {
		.sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO,
		.pNext = next,
		.pApplicationInfo = &application,
		.enabledLayerCount = validation ? 1 : 0,
		.ppEnabledLayerNames = layers,
		.enabledExtensionCount = extension_count,
		.ppEnabledExtensionNames = extensions,
	};
	VkResult result = vk->CreateInstance(&create, NULL, &instance->instance);
	if (result != VK_SUCCESS) {
		instance->instance = VK_NULL_HANDLE;
		return instance_failed(instance, result, err);
	}
	const char *missing = compute_vulkan_load_instance(&instance->vk, instance->instance);
	if (missing) {
		return lane_error_set(
			err, "VULKAN_LOADER_BROKEN", "%s: no %s", instance->loader_path, missing);
	}
	/* The chained messenger hears only the creation and the end of the instance. */
	if (has_messenger && vk->CreateDebugUtilsMessengerEXT) {
		vk->CreateDebugUtilsMessengerEXT(
			instance->instance, &messenger, NULL, &instance->messenger);
	}
	return true;
}

bool compute_instance_open(
	struct compute_instance *instance, bool validation, struct lane_error *err)
{
	*instance = (struct compute_instance){.instance = VK_NULL_HANDLE};
	pthread_mutex_init(&instance->message_lock, NULL);
	instance->messages = base_alloc(COMPUTE_MESSAGE_MAX, sizeof(*instance->messages));
	return instance_load(instance, err) &&
		instance_create(instance, validation || validation_always, err);
}

void compute_instance_finish(struct compute_instance *instance)
{
	if (!instance || !instance->messages) {
		return;
	}
	const struct compute_vulkan *vk = &instance->vk;
	if (instance->messenger) {
		vk->DestroyDebugUtilsMessengerEXT(instance->instance, instance->messenger, NULL);
	}
	if (instance->instance && vk->DestroyInstance) {
		vk->DestroyInstance(instance->instance, NULL);
	}
	if (instance->library) {
		dlclose(instance->library);
	}
	for (size_t i = 0; i < instance->message_count; i++) {
		free(instance->messages[i].text);
	}
	free(instance->messages);
	free(instance->loader_path);
	pthread_mutex_destroy(&instance->message_lock);
	*instance = (struct compute_instance){.instance = VK_NULL_HANDLE};
}
