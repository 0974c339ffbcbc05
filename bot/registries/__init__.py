"""Which versions there are: quay.io's tags and GitHub's releases, read so that a source that is down, slow or lies
changes nothing."""
