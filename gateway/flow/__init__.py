"""The one-way flow: pull or receive, keep, assess, write back."""
