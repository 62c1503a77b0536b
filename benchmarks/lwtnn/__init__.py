"""Networks of lwtnn with the answers that lwtnn itself gave: how well they are met, and what reading them takes."""
