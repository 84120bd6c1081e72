# SPDX-License-Identifier: Apache-2.0

output "socket_dir" {
  description = "Folder on the node with bridge.sock, for bridge_socket_dir of a lane."
  value       = var.socket_dir
}
