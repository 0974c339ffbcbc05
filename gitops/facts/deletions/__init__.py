"""What Argo CD deletes, and what each deletion takes along."""
