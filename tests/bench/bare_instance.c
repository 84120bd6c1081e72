/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The least that a program can do to name the Vulkan devices: create an instance, read each
 * device's properties. What any tool takes beyond this is its own.
 */
#include <stdio.h>
#include <stdlib.h>

#include <vulkan/vulkan.h>

int main(void)
{
	const VkApplicationInfo application = {
		.sType = VK_STRUCTURE_TYPE_APPLICATION_INFO,
		.apiVersion = VK_API_VERSION_1_1,
	};
	const VkInstanceCreateInfo info = {
		.sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO,
		.pApplicationInfo = &application,
	};
	VkInstance instance;
	VkResult result = vkCreateInstance(&info, NULL, &instance);
	if (result != VK_SUCCESS) {
		fprintf(stderr, "vkCreateInstance: %d\n", result);
		return 1;
	}
	VkPhysicalDevice devices[16];
	uint32_t count = 16;
	result = vkEnumeratePhysicalDevices(instance, &count, devices);
	if (result != VK_SUCCESS && result != VK_INCOMPLETE) {
		fprintf(stderr, "vkEnumeratePhysicalDevices: %d\n", result);
		vkDestroyInstance(instance, NULL);
		return 1;
	}
	for (uint32_t i = 0; i < count; i++) {
		VkPhysicalDeviceProperties properties;
		vkGetPhysicalDeviceProperties(devices[i], &properties);
		printf("%04x:%04x %s\n", properties.vendorID, properties.deviceID, properties.deviceName);
	}
	vkDestroyInstance(instance, NULL);
	return 0;
}
