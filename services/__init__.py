"""The two HTTP services that run on Cloud Run."""
