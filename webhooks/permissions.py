"""What one may be allowed to do with webhooks: programs with their own, staff with everybody's, except change them and know secrets."""

VIEW = "webhooks.view_endpoint"
MANAGE = "webhooks.manage_endpoint"
