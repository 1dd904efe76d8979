"""What one may be allowed to do with webhooks: programs with their own, staff with everybody's."""

VIEW = "webhooks.view_endpoint"
MANAGE = "webhooks.manage_endpoint"
